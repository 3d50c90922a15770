/* A file of the self-test. */
#ifndef BASE_VIEW_H
#define BASE_VIEWS_H
#endif
