/* A file of the self-test. */
#include <libxml/xmlreader.h>
