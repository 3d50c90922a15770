/* verbs.c - what the verbs share. */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_from(const vsr_error *error, const char *where)
{
    return error->where != NULL && strcmp(error->where, where) == 0;
}

/* Is it about something of the backup that was named wrong, and not about a place? */
static bool is_of_selector(const vsr_error *error)
{
    return is_from(error, "plan/choices") || is_from(error, "plan/select") ||
           is_from(error, "plan/expand");
}

/* What to do about it, where a code alone suggests something. */
static const char *hint_of(const vsr_error *error)
{
    const bool opening = is_from(error, "media/set");
    switch (error->code) {
    case VSR_ERR_SELECTION:
        return opening                 ? "a set is the folder that `vssrestore pack -o SET` made"
               : is_of_selector(error) ? "`vssrestore inspect SET` shows what there is"
                                       : NULL;
    case VSR_ERR_MEDIA:
        return opening || is_from(error, "media/check") /* it just did */
                   ? NULL
                   : "`vssrestore verify SET` lists everything that is damaged";
    case VSR_ERR_DEST_PERMISSION:
        return "run it as a user who may write there, or name another place";
    case VSR_OK:
    case VSR_ERR_USAGE:
    case VSR_ERR_DOCUMENT:
    case VSR_ERR_MEDIA_UNREADABLE:
    case VSR_ERR_DEST_FULL:
    case VSR_ERR_DEST_IO:
    case VSR_ERR_DEST_ESCAPE:
    case VSR_ERR_RUN_BUSY:
    case VSR_ERR_RUN_FOREIGN:
    case VSR_ERR_MEMORY:
    case VSR_ERR_BUG:
    case VSR_ERR_CANCELLED:
        break;
    }
    return NULL;
}

void error_line(struct line *out, const vsr_error *error)
{
    line_printf(out, "vssrestore: %s: ", vsr_code_text(error->code));
    line_shown(out, error->what);
    line_printf(out, "\n");
    if (hint_of(error) != NULL) {
        line_printf(out, "  %s\n", hint_of(error));
    }
}

int error_tell(const vsr_error *error)
{
    struct line line = {0};
    error_line(&line, error);
    (void)fwrite(line.p, 1, line.n, stderr);
    line_free(&line);
    return -(int)error->code;
}

bool text_is_stdio(const char *file)
{
    return strcmp(file, "-") == 0;
}

int stdout_sink(void *context, const char *text, size_t bytes)
{
    (void)context;
    return fwrite(text, 1, bytes, stdout) == bytes ? 0 : errno;
}

void stderr_message(void *context, const char *sentence)
{
    (void)context;
    struct line line = {0};
    line_shown(&line, sentence);
    (void)fprintf(stderr, "%s\n", line.p);
    line_free(&line);
}

vsr_choices choices_from(const struct call *call)
{
    return (vsr_choices){
        .size = sizeof(vsr_choices),
        .components = call->components.items,
        .component_count = call->components.count,
        .exclude_components = call->exclude_components.items,
        .exclude_component_count = call->exclude_components.count,
        .files = call->files.items,
        .file_count = call->files.count,
        .volumes = call->volumes.items,
        .volume_count = call->volumes.count,
        .root = call->root,
        .environment = call->environment.items,
        .environment_count = call->environment.count,
        .new_targets = call->new_targets.items,
        .new_target_count = call->new_targets.count,
        .restore_targets = call->restore_targets.items,
        .restore_target_count = call->restore_targets.count,
        .restore_options = call->restore_options.items,
        .restore_option_count = call->restore_options.count,
        .services = call->service_command != NULL,
        .private_dir = call->private_dir,
        .dependencies = call->dependencies > 0 ? (vsr_dependencies)(call->dependencies - 1)
                                               : VSR_DEPENDENCIES_AUTO,
        .widen = call->widen,
        .force_mandatory = call->force_mandatory,
        .force_failed_backup = call->force_failed_backup,
        .mapping_overwrite_never = call->alm_overwrite == 2,
        .live_tree = call->tree == 2,
        .unprotected = call->unprotected,
        .overwrite =
            call->overwrite > 0 ? (vsr_overwrite)(call->overwrite - 1) : VSR_OVERWRITE_NEVER,
        .additional_restores = (vsr_additional_restores)call->additional_restores,
        .after = call->after.items,
        .after_count = call->after.count,
        .cross_mounts = call->cross_mounts,
        .in_use = call->in_use > 0 ? (vsr_in_use)(call->in_use - 1) : VSR_IN_USE_STRICT,
        .in_place = call->in_place,
        .files_not_to_backup = call->files_not_to_backup,
    };
}

vsr_code chain_look(vsr_chain **chain, const struct call *call, const char *set,
                    vsr_choices *choices, vsr_error *error)
{
    const vsr_chain_options options = {
        .size = sizeof options,
        .set_folders = call->sets.items,
        .set_folder_count = call->sets.count,
        .strict = call->strict_chain,
        .continues = call->after.count > 0,
        .on_warning = stderr_message,
        .look_only = 1,
    };
    const vsr_code rc = vsr_chain_open(chain, &set, 1, &options, error);
    const size_t count = rc == VSR_OK ? vsr_chain_count(*chain) : 0;
    if (count > 1) {
        line_tell("this set adds to %s: `run` restores %s first; this is about the set alone, on "
                  "what stands at the destinations now",
                  vsr_chain_path(*chain, count - 2), count > 2 ? "all before it" : "that one");
        choices->chain = *chain;
        choices->chain_step = count - 1;
    }
    return rc;
}

vsr_writers writers_from(const struct call *call)
{
    return (vsr_writers){
        .size = sizeof(vsr_writers),
        .programs = call->writers.items,
        .program_count = call->writers.count,
        .service_command = call->service_command,
        .path = getenv("PATH"),
        .lang = getenv("LANG"),
        .limit_s = (unsigned)call->writer_timeout,
    };
}

vsr_restore_options run_options_from(const struct call *call)
{
    return (vsr_restore_options){
        .size = sizeof(vsr_restore_options),
        .run_dir = call->run_dir,
        .pending_registry = call->registry,
        .bcd_out = call->bcd_out,
        .workers = (unsigned)call->workers,
        .queue_depth = (unsigned)call->queue_depth,
        .memory_bytes = call->memory_bytes,
        .ring = call->ring > 0 ? (vsr_ring)(call->ring - 1) : VSR_RING_AUTO,
        .write_mode =
            call->write_mode > 0 ? (vsr_write_mode)(call->write_mode - 1) : VSR_WRITE_AUTO,
        .durability =
            call->durability > 0 ? (vsr_durability)(call->durability - 1) : VSR_DURABILITY_UNIT,
        .owner = (vsr_owner)call->owner,
        .discard = call->sink == 2,
        .salvage = call->salvage,
        .profile = call->profile,
        .throttle_bytes_per_s = call->throttle,
        .own_file = call->metrics,
    };
}
