/* A file of the self-test. */
#include "run/run.h"
