/* err.c - the error value: fill it once, name its code, classify an errno. */
#include "base/err.h"

#include "base/bug.h"
#include "base/ending.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

VSR_PRINTF(5, 0)
static void err_fill(vsr_error *error, vsr_code code, int os_errno, const char *where,
                     const char *format, va_list args)
{
    VSR_REQUIRE(code < 0);
    if (error == NULL || error->code != VSR_OK) {
        return;
    }
    error->code = code;
    error->os_errno = os_errno;
    error->where = where;
    const int length = vsnprintf(error->what, sizeof error->what, format, args);
    if (os_errno != 0 && length >= 0 && (size_t)length < sizeof error->what) {
        (void)snprintf(error->what + length, sizeof error->what - (size_t)length, ": %s",
                       strerrordesc_np(os_errno) != NULL ? strerrordesc_np(os_errno) : "?");
    }
}

vsr_code err_set(vsr_error *error, vsr_code code, const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_fill(error, code, 0, where, format, args);
    va_end(args);
    return code;
}

vsr_code err_sys(vsr_error *error, vsr_code code, const char *where, const char *format, ...)
{
    const int saved = errno;
    va_list args;
    va_start(args, format);
    err_fill(error, code, saved, where, format, args);
    va_end(args);
    errno = saved;
    return code;
}

vsr_code err_dest_code(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
    case EDQUOT:
        return VSR_ERR_DEST_FULL;
    case EPERM:
    case EACCES:
    case EROFS:
        return VSR_ERR_DEST_PERMISSION;
    case EXDEV:
    case ELOOP:
        return VSR_ERR_DEST_ESCAPE;
    default:
        return VSR_ERR_DEST_IO;
    }
}

vsr_code err_place_code(int os_errno)
{
    switch (os_errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return VSR_ERR_SELECTION;
    default:
        return err_dest_code(os_errno);
    }
}

int vsr_ending_code(void)
{
    return ending_code();
}

const char *vsr_code_text(vsr_code code)
{
    switch (code) {
    case VSR_OK:
        return "ok";
    case VSR_ERR_USAGE:
        return "wrong usage";
    case VSR_ERR_DOCUMENT:
        return "documents invalid";
    case VSR_ERR_SELECTION:
        return "selection or places wrong";
    case VSR_ERR_MEDIA:
        return "media damaged";
    case VSR_ERR_MEDIA_UNREADABLE:
        return "media unreadable";
    case VSR_ERR_DEST_FULL:
        return "destination full";
    case VSR_ERR_DEST_PERMISSION:
        return "destination not permitted";
    case VSR_ERR_DEST_IO:
        return "destination I/O error";
    case VSR_ERR_DEST_ESCAPE:
        return "a path would leave its volume";
    case VSR_ERR_RUN_BUSY:
        return "run folder in use";
    case VSR_ERR_RUN_FOREIGN:
        return "plan or run folder unusable";
    case VSR_ERR_MEMORY:
        return "memory budget too small";
    case VSR_ERR_BUG:
        return "a bug in vssrestore";
    case VSR_ERR_CANCELLED:
        return "cancelled";
    }
    return "unknown code";
}
