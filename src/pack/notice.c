/* notice.c - keep warnings until the caller's thread can tell them. Printing is not ours: the
 * sink decides. */
#include "pack/notice.h"

#include "base/buffer.h"
#include "base/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void notices_init(struct notices *notices, pack_warning *sink, void *context)
{
    *notices = (struct notices){.sink = sink, .context = context};
    (void)pthread_mutex_init(&notices->lock, NULL);
}

void notices_fini(struct notices *notices)
{
    for (size_t i = 0; i < notices->count; i++) {
        free(notices->list[i].sentence);
    }
    free(notices->list);
    notices->list = NULL;
    notices->count = 0;
    (void)pthread_mutex_destroy(&notices->lock);
}

void notice_add(struct notices *notices, bool incomplete, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    const size_t bytes = length < 0 ? 1 : (size_t)length + 1;
    char *sentence = heap_alloc(bytes, 1);
    (void)vsnprintf(sentence, bytes, format, again);
    va_end(again);

    (void)pthread_mutex_lock(&notices->lock);
    notices->list =
        heap_grow(notices->list, notices->count, &notices->capacity, sizeof *notices->list);
    notices->list[notices->count++] = (struct notice){sentence, incomplete};
    (void)pthread_mutex_unlock(&notices->lock);
}

static int notice_compare(const void *a, const void *b)
{
    const struct notice *left = a;
    const struct notice *right = b;
    return strcmp(left->sentence, right->sentence);
}

void notices_tell(struct notices *notices, enum notice_order order)
{
    (void)pthread_mutex_lock(&notices->lock);
    struct notice *list = notices->list;
    const size_t count = notices->count;
    notices->list = NULL;
    notices->count = 0;
    notices->capacity = 0;
    (void)pthread_mutex_unlock(&notices->lock);

    if (order == NOTICE_ORDER_TEXT && count > 1) {
        qsort(list, count, sizeof *list, notice_compare);
    }
    for (size_t i = 0; i < count; i++) {
        notices->told_count++;
        notices->incomplete_count += list[i].incomplete ? 1 : 0;
        if (notices->sink != NULL) {
            notices->sink(notices->context, list[i].sentence);
        }
        free(list[i].sentence);
    }
    free(list);
}
