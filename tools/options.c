/* options.c - the tables themselves: every option of every verb, once. */
#include "args.h"

#define AT(member) offsetof(struct call, member)

/* clang-format off */
static const struct arg_option selection[] = {
    {"--component", NULL, ARG_LIST, AT(components), "'WRITER[:FULL\\NAME]'",
     "restore this one (may repeat; none: all explicit ones)"},
    {"--exclude-component", NULL, ARG_LIST, AT(exclude_components), "'WRITER[:FULL\\NAME]'",
     "but not this one (may repeat)"},
    {"--file", NULL, ARG_LIST, AT(files), "'C:\\pattern'",
     "only these files of the selected components"},
    {"--with-dependencies", NULL, ARG_CHOICE, AT(dependencies), "auto|refuse|ignore",
     "what components of other writers need (default auto: it comes along)"},
    {"--widen", NULL, ARG_FLAG, AT(widen), NULL,
     "take the nearest component that can be restored alone"},
    {"--force-mandatory", NULL, ARG_FLAG, AT(force_mandatory), NULL,
     "take a writer's non-selectable components along, and all of a system state"},
    {"--force-failed-backup", NULL, ARG_FLAG, AT(force_failed_backup), NULL,
     "also components whose backup is recorded as failed"},
    {"--unprotected", NULL, ARG_FLAG, AT(unprotected), NULL,
     "also files of no component (packed with --all)"},
    {"--files-not-to-backup", NULL, ARG_TEXT, AT(files_not_to_backup), "FILE",
     "of these, leave out what FILE lists: NAME=[drive][path]\\name [/s]"},
    {"--private", NULL, ARG_TEXT, AT(private_dir), "DIR",
     "private restore below DIR; no writer is told"},
    {NULL},
};

static const struct arg_option places[] = {
    {"--volume", NULL, ARG_LIST, AT(volumes), "'SPEC=DIR'",
     "where a volume stands: C:, \\\\?\\Volume{guid}\\, \\\\server\\share, mount folder"},
    {"--root", NULL, ARG_TEXT, AT(root), "DIR",
     "for volumes without --volume: DIR/C, DIR/Volume{guid}, DIR/UNC/..."},
    {"--env", NULL, ARG_LIST, AT(environment), "'NAME=value'",
     "for %NAME% in destinations and names the set lacks"},
    {"--new-target", NULL, ARG_LIST, AT(new_targets), "'W:NAME|path|spec|yes/no|newpath'",
     "put one file set elsewhere; yes: with what is below it"},
    {"--restore-target", NULL, ARG_LIST, AT(restore_targets),
     "'W:NAME=original|alternate|directed|original_location'", "stands in for the writer's answer"},
    {"--restore-options", NULL, ARG_LIST, AT(restore_options), "'W:NAME=text'",
     "words for the component's writer"},
    {"--writer", NULL, ARG_LIST, AT(writers), "'WRITER=program'",
     "run this with pre-restore and post-restore (may repeat)"},
    {"--service-command", NULL, ARG_TEXT, AT(service_command), "program",
     "run this with stop NAME and start NAME (live trees)"},
    {"--writer-timeout", NULL, ARG_NUMBER, AT(writer_timeout), "SECONDS",
     "for each call of these programs (default 600)"},
    {"--alm-overwrite", NULL, ARG_CHOICE, AT(alm_overwrite), "default|never",
     "replace files at an alternate location? (default: unless IF_NOT_THERE)"},
    {"--tree", NULL, ARG_CHOICE, AT(tree), "offline|live",
     "is the destination in use? (default offline)"},
    {"--in-use", NULL, ARG_CHOICE, AT(in_use), "strict|lease|ignore",
     "what is in use on a live tree (default strict)"},
    {"--overwrite", NULL, ARG_CHOICE, AT(overwrite), "never|if-newer|always",
     "for files of no component (default never)"},
    {"--cross-mounts", NULL, ARG_FLAG, AT(cross_mounts), NULL,
     "go into other mounts below a mapped directory"},
    {"--in-place", NULL, ARG_FLAG, AT(in_place), NULL,
     "write ranges into files themselves, not into a copy"},
    {"--after", NULL, ARG_LIST, AT(after), "RUNDIR",
     "go on where that run ended: what it restored is no obstacle (may repeat)"},
    {"--additional-restores", NULL, ARG_CHOICE, AT(additional_restores), "yes|no",
     "does another restore of the same components follow? (default: as the chain says)"},
    {"--sets", NULL, ARG_LIST, AT(sets), "DIR",
     "where the sets stand that an incremental one adds to (may repeat)"},
    {"--strict-chain", NULL, ARG_FLAG, AT(strict_chain), NULL,
     "refuse components whose backup stamps do not follow each other"},
    {NULL},
};

static const struct arg_option engine[] = {
    {"--workers", NULL, ARG_NUMBER, AT(workers), "N",
     "worker threads (default: one for each core)"},
    {"--memory", NULL, ARG_SIZE, AT(memory_bytes), "SIZE",
     "for buffers, rings and tables (default: the least for full speed): bytes, or with K, M, G or "
     "KiB (of 1024), KB (of 1000) ..."},
    {"--queue-depth", NULL, ARG_NUMBER, AT(queue_depth), "N",
     "I/O in flight for each worker"},
    {"--ring", NULL, ARG_CHOICE, AT(ring), "auto|uring|sync",
     "io_uring, or plain preadv/pwritev (default auto)"},
    {"--write-mode", NULL, ARG_CHOICE, AT(write_mode), "auto|direct|buffered|uncached",
     "large files: O_DIRECT, page cache, RWF_DONTCACHE (default auto)"},
    {NULL},
};

static const struct arg_option running[] = {
    {"--plan", NULL, ARG_TEXT, AT(plan_file), "FILE",
     "run this plan (of plan -o or --jsonl, or with media of its own) instead of making one"},
    {"--run-dir", NULL, ARG_TEXT, AT(run_dir), "DIR",
     "run folder (default ./vssrestore-run-<uuid>)"},
    {"--bcd-out", NULL, ARG_TEXT, AT(bcd_out), "FILE",
     "where the document goes after the run"},
    {"--registry", NULL, ARG_TEXT, AT(registry), "DIR",
     "links to what waits for the next boot ('': none)"},
    {"--durability", NULL, ARG_CHOICE, AT(durability), "unit|end|none",
     "when files are forced to stable storage (default unit: before they are seen)"},
    {"--salvage", NULL, ARG_FLAG, AT(salvage), NULL,
     "keep what is readable of damaged files, beside their places"},
    {"--sink", NULL, ARG_CHOICE, AT(sink), "files|null",
     "null: decode and verify only, touch no destination, to measure (default files)"},
    {"--profile", NULL, ARG_FLAG, AT(profile), NULL,
     "tell at the end where the time went (profile.json of the run folder has it always)"},
    {"--owner", NULL, ARG_CHOICE, AT(owner), "media|mine",
     "owners of restored files (default: media for root, else mine)"},
    {NULL},
};

static const struct arg_option packing[] = {
    {"--documents", NULL, ARG_LIST, AT(documents), "DIR|FILE",
     "the stored VSS documents (may repeat)"},
    {"--volume", NULL, ARG_LIST, AT(volumes), "'SPEC=DIR'",
     "a volume's tree (may repeat)"},
    {"--env", NULL, ARG_LIST, AT(environment), "'NAME=value'",
     "the server's environment, kept in the set"},
    {"--parent", NULL, ARG_TEXT, AT(parent), "SET",
     "the set that this incremental one adds to"},
    {"--all", NULL, ARG_FLAG, AT(all), NULL,
     "also what belongs to no component"},
    {"--workers", NULL, ARG_NUMBER, AT(workers), "N",
     "threads (default: one for each core)"},
    {"--output", "-o", ARG_TEXT, AT(output), "SET",
     "the folder to make"},
    {NULL},
};

static const struct arg_option controlling[] = {
    {"--json", NULL, ARG_FLAG, AT(json), NULL,
     "the answer as one JSON object"},
    {NULL},
};

static const struct arg_option pacing[] = {
    {"--throttle", NULL, ARG_SIZE, AT(throttle), RATE_OPERAND,
     "write no more than that a second: bytes, or as 200M, 200MiB/s, 200MB/s"},
    {"--ionice", NULL, ARG_TEXT, AT(ionice), "idle|best-effort[:N]",
     "how the disk's scheduler treats it: after everybody else; N: 0 (first) to 7 (last)"},
    {NULL},
};

static const struct arg_option events[] = {
    {"--json", NULL, ARG_FLAG, AT(json), NULL,
     "events as JSON lines on standard output, the summary last"},
    {"--events-fd", NULL, ARG_NUMBER, AT(events_fd), "N",
     "events there instead; words for people stay on standard output"},
    {"--metrics", NULL, ARG_TEXT, AT(metrics), "FILE.prom",
     "metrics for node_exporter's textfile collector, written by rename"},
    {"--quiet", "-q", ARG_FLAG, AT(quiet), NULL,
     "no progress line"},
    {NULL},
};

static const struct arg_option output[] = {
    {"--json", NULL, ARG_FLAG, AT(json), NULL,
     "JSON on standard output"},
    {NULL},
};

static const struct arg_option common[] = {
    {"--help", "-h", ARG_FLAG, AT(help), NULL,
     "tell this, and do nothing else"},
    {NULL},
};

static const struct arg_option planning[] = {
    {"--jsonl", NULL, ARG_FLAG, AT(jsonl), NULL,
     "print the plan as JSON lines"},
    {"--output", "-o", ARG_TEXT, AT(output), "FILE",
     "write the plan for run --plan (-: to standard output, alone)"},
    {NULL},
};

static const struct arg_option inspecting[] = {
    {"--documents", NULL, ARG_LIST, AT(documents), "DIR|FILE",
     "documents that are in no set yet (may repeat)"},
    {"--system", NULL, ARG_FLAG, AT(system), NULL,
     "what this machine gives, and every number that follows"},
    {NULL},
};

static const struct arg_option pending[] = {
    {"--all", NULL, ARG_FLAG, AT(registered), NULL,
     "all that is registered on this machine, as the boot-time unit does"},
    {"--registry", NULL, ARG_TEXT, AT(registry), "DIR",
     "the registry (default /var/lib/vssrestore/pending)"},
    {NULL},
};

static const struct arg_option reporting[] = {
    {"--output", "-o", ARG_TEXT, AT(output), "FILE",
     "write the page there, as a whole (default, and -: standard output)"},
    {NULL},
};

static const struct arg_option verifying[] = {
    {"--plan", NULL, ARG_TEXT, AT(plan_file), "FILE",
     "compare the destinations with this plan"},
    {"--workers", NULL, ARG_NUMBER, AT(workers), "N",
     "threads (default: one for each core)"},
    {NULL},
};

const struct exit_meaning exit_meanings[] = {
    {"0", "all components restored"},
    {"1", "all restored, with losses: names changed, metadata lost, files skipped by policy"},
    {"2", "usage"},
    {"3", "some component not restored"},
    {"4", "some component damaged at its place"},
    {"5", "pending reboot, otherwise complete"},
    {"10", "documents invalid, or refused as a whole"},
    {"11", "selection or places wrong"},
    {"20", "media damaged"},
    {"21", "media unreadable; a retry may help"},
    {"30", "destination full"},
    {"31", "destination not permitted"},
    {"32", "destination I/O error"},
    {"33", "a path would leave its volume"},
    {"40", "run folder in use"},
    {"41", "a plan that is none; plan, journal, run folder and set do not belong together"},
    {"50", "memory budget too small"},
    {"70", "a bug of ours"},
    {"128+N", "ended by signal N"},
    {NULL, NULL},
};
/* clang-format on */

const struct arg_table args_selection = {"selection", selection};
const struct arg_table args_places = {"places", places};
const struct arg_table args_engine = {"engine", engine};
const struct arg_table args_run = {"run", running};
const struct arg_table args_pack = {"pack", packing};
const struct arg_table args_output = {"output", output};
const struct arg_table args_plan = {"plan", planning};
const struct arg_table args_inspect = {"inspect", inspecting};
const struct arg_table args_pending = {"pending", pending};
const struct arg_table args_verify = {"verify", verifying};
const struct arg_table args_common = {"common", common};
const struct arg_table args_report = {"report", reporting};
const struct arg_table args_events = {"events and output", events};
const struct arg_table args_control = {"output", controlling};
const struct arg_table args_pace = {"pace", pacing};
