/* A file of the self-test. */
#ifndef ARGS_H
#define ARGS_H
#include "vssrestore/plan.h"
#endif
