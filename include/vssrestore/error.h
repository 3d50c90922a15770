/* error.h - how every call of this library says what went wrong.
 *
 * A failing call returns a negative vsr_code and, when it was given one, fills a
 * vsr_error: a plain value that the caller owns. Nothing is allocated for it, nothing is
 * kept per thread, nothing is printed; what no caller can be told of: vsr_ending_code().
 * The negative of a code is the exit code that the program `vssrestore` ends with; but
 * cancelled by signal N it ends with 128 + N. */
#ifndef VSSRESTORE_ERROR_H
#define VSSRESTORE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VSR_API __attribute__((visibility("default")))
#else
#define VSR_API
#endif

/** The outcome of a call. Values are fixed for ever; new ones may be added. */
typedef enum vsr_code {
    VSR_OK = 0,
    VSR_ERR_USAGE = -2,      /**< the call itself is wrong: options that exclude each other  */
    VSR_ERR_DOCUMENT = -10,  /**< documents invalid or refused as a whole                    */
    VSR_ERR_SELECTION = -11, /**< selection or places wrong                                  */
    VSR_ERR_MEDIA = -20,     /**< the backup set is damaged                                  */
    VSR_ERR_MEDIA_UNREADABLE =
        -21,                 /**< the media cannot be read now; a retry may help            */
    VSR_ERR_DEST_FULL = -30, /**< no space or no inodes at a destination                     */
    VSR_ERR_DEST_PERMISSION =
        -31,                   /**< the destination does not permit it                         */
    VSR_ERR_DEST_IO = -32,     /**< the destination failed                                     */
    VSR_ERR_DEST_ESCAPE = -33, /**< a path would leave its volume                              */
    VSR_ERR_RUN_BUSY = -40,    /**< the run folder exists already or is in use                 */
    VSR_ERR_RUN_FOREIGN =
        -41,                 /**< a plan that is none, or a plan, journal, run folder or set that do
                                  not belong together                                     */
    VSR_ERR_MEMORY = -50,    /**< the memory budget, or the machine's memory, is too small   */
    VSR_ERR_BUG = -70,       /**< a bug of ours                                              */
    VSR_ERR_CANCELLED = -128 /**< the caller asked to stop; no exit code of the program      */
} vsr_code;

/** What went wrong, as a plain value. Zero-initialise it, pass its address down,
 *  print it once. The first cause wins: a filled error is never overwritten. */
typedef struct vsr_error {
    vsr_code code;
    int32_t os_errno;  /**< errno of the failing system call, 0 if none           */
    const char *where; /**< static string naming the module, e.g. "vss/bcd"       */
    char what[488];    /**< one sentence: attempt, object, cause; UTF-8, truncated */
} vsr_error;

/** What no caller can be told of - a bug of ours, and memory that runs out where no budget can be
 *  refused - ends the process, on whichever thread finds it, after a sentence on standard error: by
 *  quick_exit(70) and quick_exit(50), which call the functions of at_quick_exit() and nothing else.
 *  With VSSRESTORE_ABORT_ON_BUG in the environment, a bug ends it by abort(), for a core: the one
 *  thing that is read there.
 *  In such a function: 70 or 50; 0: the process ends for another reason. What a run had published
 *  stays, and it is gone on with as after a kill. Any thread. */
VSR_API int vsr_ending_code(void);

/** The code's name in words, e.g. "media damaged". Static; never NULL. Any thread. */
VSR_API const char *vsr_code_text(vsr_code code);

#ifdef __cplusplus
}
#endif
#endif
