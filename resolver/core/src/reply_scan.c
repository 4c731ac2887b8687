#include "reply_scan.h"
