/* A file of the self-test. */
#include <base/clock.h>
