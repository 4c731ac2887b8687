#include "limit.h"
