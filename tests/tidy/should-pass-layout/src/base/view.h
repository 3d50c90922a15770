/* A file of the self-test. */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H
#endif
