/* A file of the self-test. */
#include "base/view.h"
