# The binding of src/confine.
cdef extern from "confine.h":
    int weir_confine() nogil


def confine():
    cdef int error = weir_confine()
    if error:
        raise OSError(error, os.strerror(error))
