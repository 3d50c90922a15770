/* A file of the self-test. */
#include "plan/plan.h"

#include "media/index.h"
#include "vss/bcd.h"

#include <jansson.h>
#include <stdio.h>
