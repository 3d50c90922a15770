/* stage_token.c - which process of a run was the last in a staging folder: an empty folder of its
 * token's name stands there.
 *
 * The token stands in the run's journal before. So a copy of the run folder that was made before
 * another process went on - from the original, or from another copy - finds a token that it does
 * not know, and is told from the run: what it would take back has been published since, or was
 * changed by others. One that was killed before it could leave its token has changed nothing. */
#include "base/limits.h"
#include "dest/folder_list.h"
#include "dest/stage_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PREFIX[] = "session-";
enum { TOKEN_NAME_BYTES = sizeof PREFIX - 1 + UUID_TEXT_BYTES };

static void token_name(const struct uuid *token, char out[TOKEN_NAME_BYTES])
{
    char text[UUID_TEXT_BYTES];
    uuid_text(token, text);
    (void)snprintf(out, TOKEN_NAME_BYTES, "%s%s", PREFIX, text);
}

static bool token_is(const struct uuid *token, const char *name)
{
    char known[TOKEN_NAME_BYTES];
    token_name(token, known);
    return strcmp(known, name) == 0;
}

static int token_met(void *context, int dir_fd, const char *name)
{
    const struct stage_known *known = context;
    bool is_known = strncmp(name, PREFIX, sizeof PREFIX - 1) != 0;
    (void)dir_fd;
    for (uint32_t i = 0; i < known->token_count && !is_known; i++) {
        is_known = token_is(&known->tokens[i], name);
    }
    return is_known ? 0 : ESTALE;
}

int stage_token_check(int fd, const struct stage_known *known)
{
    return folder_list(fd, token_met, (void *)(uintptr_t)known);
}

/* Those of processes before. */
static int token_replaced(void *context, int dir_fd, const char *name)
{
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) == 0 && !token_is(context, name)) {
        (void)unlinkat(dir_fd, name, AT_REMOVEDIR);
    }
    return 0;
}

vsr_code stage_sign(struct stage *stage, const struct uuid *token, vsr_error *error)
{
    char name[TOKEN_NAME_BYTES];
    token_name(token, name);
    for (uint32_t i = 0; i < stage->mount_count; i++) {
        const int fd = stage->mounts[i].fd;
        if (mkdirat(fd, name, 0700) != 0 && errno != EEXIST) { /* it was laid out before */
            return err_sys(error, err_dest_code(errno), "dest/stage",
                           "cannot make the folder %s in the staging folder %s", name,
                           stage->folder_name);
        }
        (void)folder_list(fd, token_replaced, (void *)(uintptr_t)token);
    }
    return VSR_OK;
}
