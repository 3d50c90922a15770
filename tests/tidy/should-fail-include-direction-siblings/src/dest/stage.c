/* A file of the self-test. */
#include "report/report.h"
