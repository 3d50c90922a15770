/* A file of the self-test. */
#include "plan.h"
