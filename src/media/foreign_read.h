/* foreign_read.h - one chunk of another front end's media, from stored bytes to plain ones, piece
 * by piece, in memory that does not grow with the chunk.
 *
 *     init, once - begin - next ... next returns FOREIGN_END - end of the chunk, its sum is right
 *
 * Data plane: no allocation but in foreign_reader_init(), no logging; one thread at a time, on
 * buffers of its own. No more comes out than the plan says the chunk holds, whatever the stored
 * bytes say. Frames: as the LZ4 frame format has them, several after each other, blocks that
 * lean on those before them, skippable frames (passed over); no dictionary, no legacy frame. Of
 * a frame's own checksums that of its header is looked at: the chunk's sum covers all that is
 * written. */
#ifndef MEDIA_FOREIGN_READ_H
#define MEDIA_FOREIGN_READ_H

#include "media/checksum.h"
#include "media/foreign.h"

/* At most count bytes at offset of the chunk's stored file: how many were read, 0 at its end, or
 * -errno. */
typedef int64_t foreign_read(void *context, uint64_t offset, void *bytes, size_t count);

enum foreign_fault {
    FOREIGN_PIECE,     /* bytes came */
    FOREIGN_END,       /* all came, and the sum is right */
    FOREIGN_UNREAD,    /* os_errno says why */
    FOREIGN_SHORT,     /* the stored file ends inside the chunk */
    FOREIGN_NO_FRAME,  /* no frame begins where one must */
    FOREIGN_BAD_FRAME, /* its header is damaged, or of a kind that is not read */
    FOREIGN_BAD_BLOCK, /* LZ4 cannot decode it */
    FOREIGN_BAD_SIZE,  /* more or fewer plain bytes than the plan says */
    FOREIGN_BAD_SUM
};
/* A sentence for the file's row. Static. */
const char *foreign_fault_text(enum foreign_fault fault);

struct foreign_reader {
    foreign_read *read;
    void *context;
    char *stored; /* foreign_media.stored_bytes_max */
    char *plain;  /* foreign_media.plain_bytes_max */
    uint32_t stored_room, plain_room;
    struct checksum *checksum;
    const struct foreign_chunk *chunk;
    uint64_t read_bytes;  /* of the chunk's stored ones, so far */
    uint64_t plain_left;  /* to come */
    uint64_t frame_left;  /* to come of a frame that tells its size; UINT64_MAX: it does not */
    uint32_t first, last; /* in stored: read and not used yet */
    uint32_t block_max;   /* of the frame in hand; 0: between frames */
    uint32_t history; /* plain bytes of the frame before the piece, FOREIGN_HISTORY_BYTES at most */
    uint32_t piece;   /* bytes of the piece that was given last, in plain */
    bool linked, block_checksums, content_checksum;
    bool any_frame; /* one has begun */
    int os_errno;
};

/* Memory of the reader beside its buffers: heap, freed by foreign_reader_fini(). */
void foreign_reader_init(struct foreign_reader *reader, foreign_read *read, void *context);
void foreign_reader_fini(struct foreign_reader *reader);

/* Buffers are the caller's, of the sizes that the chunk's media ask for. */
void foreign_reader_begin(struct foreign_reader *reader, const struct foreign_chunk *chunk);

/* The next plain bytes, at least one, good until the next call that gives some; the caller has
 * their sum taken (checksum_add()) before it asks for more. */
enum foreign_fault foreign_reader_next(struct foreign_reader *reader, const char **bytes,
                                       uint32_t *count);

/* The buffers that a chunk needs. */
uint32_t foreign_stored_space(const struct foreign_chunk *chunk);
uint32_t foreign_plain_space(const struct foreign_chunk *chunk);

/* Is the sum of what was added since checksum_begin() the chunk's? */
bool foreign_sum_is_right(const struct checksum *checksum, const struct foreign_chunk *chunk);

#endif
