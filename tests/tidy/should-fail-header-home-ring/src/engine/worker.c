/* A file of the self-test. */
#  include <liburing.h>
