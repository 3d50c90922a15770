/* not_to_backup.h - lines of an operator's FilesNotToBackup list (rules 5.8). Pure.
 *
 * A line is an entry, "NAME=entry", or a value as `reg query` prints it ("NAME    REG_MULTI_SZ
 * entry\0entry"). An entry is [drive][path]\name [/s]: the name may hold wildcards, the path not;
 * a leading backslash means every volume; %NAME% stands for itself here; /s: and below. Empty
 * lines, those that begin with '#' or ';' and registry keys ("HKEY_...") hold none. */
#ifndef PLAN_NOT_TO_BACKUP_H
#define PLAN_NOT_TO_BACKUP_H

#include "base/view.h"

struct not_to_backup {
    struct view directory; /* "C:\Windows\Temp", "%windir%\Temp"; of all volumes: "\Temp", "\" */
    struct view name;
    bool recursive;
    bool all_volumes;
};

struct not_to_backup_line { /* begin with {.rest = the line} */
    struct view rest;
    struct view key; /* NAME, or absent */
    bool begun, many;
};

/* The next entry of the line. False: there is no more. Views into the line. */
bool not_to_backup_next(struct not_to_backup_line *line, struct view *entry);

/* NULL, or why the entry is none (static). Views into text. */
const char *not_to_backup_parse(struct view text, struct not_to_backup *out);

#endif
