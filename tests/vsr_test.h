/* vsr_test.h - cmocka, with the headers that it wants before it, in its order. */
#ifndef VSR_TEST_H
#define VSR_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/view.h"
#include "campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Skip the rest of a case, and say why: tools/check shows the sentence beside the case's name. */
#define skip_because(...)                                                                          \
    do {                                                                                           \
        print_message(__VA_ARGS__);                                                                \
        print_message("\n");                                                                       \
        skip();                                                                                    \
    } while (0)

/* A view against a literal, with both shown when they differ. */
#define assert_view_equal(got, want)                                                               \
    do {                                                                                           \
        const struct view got_ = (got);                                                            \
        const struct view want_ = view_of(want);                                                   \
        if (!view_equal(got_, want_)) {                                                            \
            fail_msg("got \"%.*s\", want \"%s\"", VIEW_ARG(got_), (want));                         \
        }                                                                                          \
    } while (0)

#endif
