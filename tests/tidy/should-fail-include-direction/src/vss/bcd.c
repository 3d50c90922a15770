/* A file of the self-test. */
#include "engine/slot.h"
