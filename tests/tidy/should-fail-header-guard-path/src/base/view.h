/* A file of the self-test. */
#ifndef VIEW_H
#define VIEW_H
#endif
