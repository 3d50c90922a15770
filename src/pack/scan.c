/* scan.c - the parallel walk: directories from a stack, by any worker, each as a whole.
 *
 * Between the table of demands and the catalogue. Nothing of a file's content is read here, but
 * every wanted file is opened once: a file that cannot be opened is left out of the catalogue
 * before anything has been promised about it. A walk goes only where a set may lie (or
 * everywhere with --all). The order in which directories are looked into does not show: the
 * catalogue sorts, and warnings are sorted before they are told. Links are never followed
 * (rules 5.11), other mounts never entered. */
#include "pack/scan.h"

#include "base/heap.h"
#include "base/thread.h"
#include "pack/scan_dir.h"

#include <pthread.h>
#include <stdlib.h>

/* Directories to be looked into: newest first, so that a worker stays in one part of the tree. */
struct scan_stack {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct node *top;
    uint32_t working; /* threads that may still push */
};

struct scan_thread {
    pthread_t thread;
    struct scan_stack *stack;
    struct scan_worker worker;
};

static void stack_push(struct scan_stack *stack, struct node *first, struct node *last)
{
    (void)pthread_mutex_lock(&stack->lock);
    last->dir->pending_next = stack->top;
    stack->top = first;
    (void)pthread_cond_broadcast(&stack->more);
    (void)pthread_mutex_unlock(&stack->lock);
}

/* The next directory, or NULL when none is left and nobody works on one. */
static struct node *stack_pop(struct scan_stack *stack)
{
    (void)pthread_mutex_lock(&stack->lock);
    stack->working--;
    while (stack->top == NULL && stack->working > 0) {
        (void)pthread_cond_wait(&stack->more, &stack->lock);
    }
    struct node *node = stack->top;
    if (node != NULL) {
        stack->top = node->dir->pending_next;
        stack->working++;
    } else {
        (void)pthread_cond_broadcast(&stack->more);
    }
    (void)pthread_mutex_unlock(&stack->lock);
    return node;
}

/* The directories below node that are to be looked into, pushed in reverse: the first is next. */
static void push_children(struct scan_stack *stack, struct node *node)
{
    struct node *first = NULL;
    struct node *last = NULL;
    for (uint32_t i = node->dir->child_count; i-- > 0;) {
        struct node *child = node->dir->children[i];
        if (child->dir != NULL) {
            child->dir->pending_next = first;
            first = child;
            last = last == NULL ? child : last;
        }
    }
    if (first != NULL) {
        stack_push(stack, first, last);
    }
}

static void *scan_thread_main(void *argument)
{
    struct scan_thread *thread = argument;
    for (struct node *node = stack_pop(thread->stack); node != NULL;
         node = stack_pop(thread->stack)) {
        scan_directory(&thread->worker, node);
        push_children(thread->stack, node);
    }
    return NULL;
}

/* One of ours: it looks, and changes nothing by name. */
static void *scan_thread_begin(void *argument)
{
    (void)confine_thread(NULL);
    return scan_thread_main(argument);
}

static void roots_make(struct scan *scan, struct scan_stack *stack)
{
    const uint32_t count = scan->sources->volume_count;
    scan->roots = heap_alloc(count, sizeof(struct node *));
    for (uint32_t i = count; i-- > 0;) {
        struct node *root = ARENA_NEW(&scan->arenas[0], struct node);
        root->dir = ARENA_NEW(&scan->arenas[0], struct tree_directory);
        root->name = VIEW("");
        root->source_name = VIEW("");
        root->record.volume = i;
        root->record.kind = INDEX_DIRECTORY;
        root->wanted = true; /* a volume has one; whether it is a component's will show */
        root->dir->places = demand_root(scan->demands, i);
        root->dir->pending_next = stack->top;
        stack->top = root;
        scan->roots[i] = root;
    }
}

struct alternate_key {
    struct scan_alternate alternate;
    struct view path;
};

static int alternate_compare(const void *a, const void *b)
{
    const struct alternate_key *left = a;
    const struct alternate_key *right = b;
    if (left->alternate.demand != right->alternate.demand) {
        return left->alternate.demand < right->alternate.demand ? -1 : 1;
    }
    return view_compare(left->path, right->path);
}

/* All workers' alternates in an order that no thread decides: by demand, then source path. */
static void alternates_gather(struct scan *scan, const struct scan_thread *threads, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (size_t a = 0; a < threads[i].worker.alternate_count; a++) {
            scan->alternates = heap_grow(scan->alternates, scan->alternate_count,
                                         &scan->alternate_capacity, sizeof *scan->alternates);
            scan->alternates[scan->alternate_count++] = threads[i].worker.alternates[a];
        }
    }
    struct arena arena = {0};
    struct buffer path = {0};
    struct alternate_key *keys = heap_alloc(scan->alternate_count, sizeof *keys);
    for (size_t i = 0; i < scan->alternate_count; i++) {
        keys[i].alternate = scan->alternates[i];
        keys[i].path =
            arena_copy(&arena, scan_path(scan->sources, scan->alternates[i].node, &path));
    }
    if (scan->alternate_count > 1) {
        qsort(keys, scan->alternate_count, sizeof *keys, alternate_compare);
    }
    for (size_t i = 0; i < scan->alternate_count; i++) {
        scan->alternates[i] = keys[i].alternate;
    }
    free(keys);
    buffer_free(&path);
    arena_free(&arena);
}

void scan_run(struct scan *scan, uint32_t worker_count)
{
    struct scan_stack stack = {.working = worker_count};
    struct scan_thread *threads = heap_alloc(worker_count, sizeof *threads);
    scan->arenas = heap_alloc(worker_count, sizeof *scan->arenas);
    scan->arena_count = worker_count;
    (void)pthread_mutex_init(&stack.lock, NULL);
    (void)pthread_cond_init(&stack.more, NULL);
    roots_make(scan, &stack);
    uint32_t started = 0;
    for (uint32_t i = 0; i < worker_count; i++) {
        threads[i].stack = &stack;
        scan_worker_init(&threads[i].worker, scan, &scan->arenas[i]);
    }
    /* The caller's thread is the first worker; a thread that cannot be had is done without. */
    for (uint32_t i = 1; i < worker_count; i++) {
        if (thread_start(&threads[i].thread, "vsr-scan", scan_thread_begin, &threads[i]) != 0) {
            break;
        }
        started = i;
    }
    (void)pthread_mutex_lock(&stack.lock);
    stack.working -= worker_count - 1 - started;
    (void)pthread_mutex_unlock(&stack.lock);
    (void)scan_thread_main(&threads[0]);
    for (uint32_t i = 1; i <= started; i++) {
        (void)pthread_join(threads[i].thread, NULL);
    }
    alternates_gather(scan, threads, worker_count);
    for (uint32_t i = 0; i < worker_count; i++) {
        scan_worker_fini(&threads[i].worker);
    }
    free(threads);
    (void)pthread_cond_destroy(&stack.more);
    (void)pthread_mutex_destroy(&stack.lock);
}

static void children_free(struct node *root)
{
    /* Depth first without a stack: a directory's own list is freed when its last one is. */
    struct node *pending = root;
    while (pending != NULL) {
        struct node *node = pending;
        pending = node->dir->pending_next;
        for (uint32_t i = 0; i < node->dir->child_count; i++) {
            struct node *child = node->dir->children[i];
            if (child->dir != NULL) {
                child->dir->pending_next = pending;
                pending = child;
            }
        }
        free(node->dir->children);
    }
}

void scan_free(struct scan *scan)
{
    for (uint32_t i = 0; scan->roots != NULL && i < scan->sources->volume_count; i++) {
        scan->roots[i]->dir->pending_next = NULL;
        children_free(scan->roots[i]);
    }
    free(scan->roots);
    free(scan->alternates);
    for (uint32_t i = 0; i < scan->arena_count; i++) {
        arena_free(&scan->arenas[i]);
    }
    free(scan->arenas);
}

struct view scan_path(const struct sources *sources, const struct node *node, struct buffer *out)
{
    size_t bytes = 0;
    for (const struct node *at = node; at->parent != NULL; at = at->parent) {
        bytes += at->name.n + 1;
    }
    out->n = 0;
    const struct node *root = node;
    while (root->parent != NULL) {
        root = root->parent;
    }
    const struct set_volume *volume = &sources->volumes[root->record.volume].named;
    const struct view front = view_present(volume->letter) ? volume->letter
                              : view_present(volume->guid) ? volume->guid
                              : view_present(volume->unc)  ? volume->unc
                                                           : volume->mounts[0];
    buffer_add_view(out, front);
    if (bytes == 0) {
        buffer_add_char(out, '\\');
        return buffer_view(out);
    }
    buffer_reserve(out, bytes);
    size_t at = out->n + bytes;
    out->n = at;
    for (const struct node *part = node; part->parent != NULL; part = part->parent) {
        at -= part->name.n + 1;
        out->p[at] = '\\';
        memcpy(out->p + at + 1, part->name.p, part->name.n);
    }
    return buffer_view(out);
}

void scan_demands_of(const struct demands *demands, const struct node *node, struct demand_ids *ids)
{
    const struct node *root = node;
    uint32_t depth = 0;
    for (; root->parent != NULL; root = root->parent) {
        depth++;
    }
    const struct node **way = heap_alloc((size_t)depth + 1, sizeof *way);
    for (uint32_t i = depth; node->parent != NULL; node = node->parent) {
        way[--i] = node;
    }
    struct match_place place = match_root(demands->wanted, root->record.volume);
    for (uint32_t i = 0; i + 1 < depth; i++) {
        place = match_enter(demands->wanted, place, way[i]->name);
    }
    const bool file = depth > 0 && way[depth - 1]->dir == NULL;
    if (!file && depth > 0) {
        place = match_enter(demands->wanted, place, way[depth - 1]->name);
    }
    demand_hits(demands->wanted, place, file ? way[depth - 1]->name : VIEW_NONE, ids);
    free(way);
}
