/* A file of the self-test. */
#include "args.h"
#include <vssrestore/run.h>
