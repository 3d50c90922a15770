/* part.h - the files that a set is made of: opened without following a link, hashed whole,
 * faults told apart (damaged or unreadable). */
#ifndef MEDIA_PART_H
#define MEDIA_PART_H

#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PART_HASH_DIGITS = 32 };

/* The code for a failing call on the media: MEDIA for what is not there or is not a file,
 * MEDIA_UNREADABLE for all that another try or another drive may change. */
vsr_code part_code(int os_errno);

/* Open the regular file dir_fd/name for reading; *size its bytes. The caller owns *fd. On failure
 * errno says why, too: EISDIR, or ESPIPE for what is neither a file nor a folder. */
vsr_code part_open(int dir_fd, const char *name, int *fd, uint64_t *size, vsr_error *error);

/* pread() of all count bytes: MEDIA when the file ends before, else as part_code(). */
vsr_code part_read(int fd, void *bytes, size_t count, uint64_t offset, const char *name,
                   vsr_error *error);

/* XXH3-128 of the first bytes of fd, in canonical form. */
vsr_code part_hash(int fd, uint64_t bytes, const char *name, uint8_t xxh3_128[16],
                   vsr_error *error);

/* The same of a file that ends with 16 bytes of hash: *before of all but them, *whole of all. */
vsr_code part_hash_sealed(int fd, uint64_t bytes, const char *name, uint8_t before[16],
                          uint8_t whole[16], vsr_error *error);

/* XXH3-128 of what lies in memory, in canonical form. */
void part_hash_bytes(const void *bytes, size_t count, uint8_t xxh3_128[16]);

/* The 32 digits of a hash and back; out without a NUL. */
void part_hash_text(const uint8_t xxh3_128[16], char out[PART_HASH_DIGITS]);
bool part_hash_parse(struct view text, uint8_t xxh3_128[16]);

/* May name be that of a file in a folder: not empty, no '/', no NUL, not "." or "..", at most
 * 255 bytes? */
bool part_name_is_plain(struct view name);

#endif
