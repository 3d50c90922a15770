/* err.h - filling the public error value (vssrestore/error.h) from inside.
 *
 * A failing line reads
 *     return err_set(error, VSR_ERR_DOCUMENT, "vss/bcd", "no <%s> in %s", name, file);
 * The sentence says what was attempted, on what, why it failed and, where it helps, what
 * to do; lower case, no full stop. A callee that fails has filled the error; callers pass
 * it on untouched. The first cause wins. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "vssrestore/error.h"

#include <stdbool.h>

#define VSR_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))

/* Fill *error (which may be NULL) unless it is filled already; return code. code < 0. */
VSR_PRINTF(4, 5)
vsr_code err_set(vsr_error *error, vsr_code code, const char *where, const char *format, ...);

/* As err_set(), taking errno before anything clobbers it and adding its text. */
VSR_PRINTF(4, 5)
vsr_code err_sys(vsr_error *error, vsr_code code, const char *where, const char *format, ...);

/* The code that an errno of a call at a destination stands for: DEST_FULL for ENOSPC and
 * EDQUOT, DEST_PERMISSION for EPERM, EACCES and EROFS, DEST_ESCAPE for EXDEV and ELOOP as
 * openat2 gives them, else DEST_IO. */
vsr_code err_dest_code(int os_errno);

/* The same of a path that was typed as a place to write to: SELECTION for one that is none (no such
 * folder, no folder, a name that cannot be; contract, ruling 10). */
vsr_code err_place_code(int os_errno);

#endif
