/* A file of the self-test. */
#include <vssrestore/plan.h>
