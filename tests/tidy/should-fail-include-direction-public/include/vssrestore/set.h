/* A file of the self-test. */
#ifndef VSSRESTORE_SET_H
#define VSSRESTORE_SET_H
#include "base/view.h"
#endif
