/* dialogue_services.c - the services of methods 3 and 8: stopped, started, cycled.
 *
 * A service is started again only if we stopped it (Q18), or if nobody knows because the stop was
 * cut short. On an offline tree no service runs; that is told once (ruling 7). A service that
 * several writers name is stopped once. */
#include "run/dialogue_inside.h"

#include "base/cancel.h"
#include "vss/winpath.h"

static const struct wmd *wmd_of(const struct dialogue *d, const struct plan_unit *unit)
{
    const struct documents *documents = d->options.documents;
    const uint32_t wmd = unit->writer < documents->bcd.writer_count
                             ? documents->writer_wmd[unit->writer]
                             : MARK_NONE;
    return wmd != MARK_NONE ? &documents->wmds[wmd] : NULL;
}

static bool tree_has_services(const struct dialogue *d)
{
    return d->options.choices->tree == TREE_LIVE && d->options.choices->private_dir == NULL;
}

bool dialogue_unit_stops(const struct dialogue *d, const struct plan_unit *unit)
{
    const struct wmd *wmd = wmd_of(d, unit);
    return tree_has_services(d) && unit->method == METHOD_STOP_RESTORE_START && wmd != NULL &&
           wmd->service.n > 0 && !dialogue_unit_is_lost(unit);
}

bool dialogue_unit_cycles(const struct dialogue *d, const struct plan_unit *unit)
{
    return tree_has_services(d) && unit->method == METHOD_RESTORE_STOP_START &&
           unit->refusal == REFUSAL_NONE;
}

static const char *service_text(const struct service_answer *answer)
{
    switch (answer->state) {
    case SERVICE_UNKNOWN:
        return "there is no such service";
    case SERVICE_CUT_SHORT:
        return "it was cut short";
    case SERVICE_FAILED:
        return "it failed";
    case SERVICE_DONE:
    case SERVICE_ALREADY:
        break;
    }
    return "";
}

static struct dialogue_service *service_find(struct dialogue *d, struct view name)
{
    for (uint32_t i = 0; i < d->service_count; i++) {
        if (win_fold_equal(d->services[i].name, name)) {
            return &d->services[i];
        }
    }
    return NULL;
}

/* Stop it; absent: it does not run now, else why it may. */
static struct view service_stop(struct dialogue *d, struct dialogue_service *service)
{
    const struct writer_calls *calls = d->options.calls;
    if (calls == NULL || calls->service_stop == NULL) {
        return arena_printf(&d->arena, "nobody stops the service %s: --service-command",
                            service->name.p);
    }
    struct service_answer answer = {0};
    calls->service_stop(calls->context, service->name.p, &answer);
    service->stopped =
        service->stopped || answer.state == SERVICE_DONE || answer.state == SERVICE_CUT_SHORT;
    struct view fault = VIEW_NONE;
    if (answer.state != SERVICE_DONE && answer.state != SERVICE_ALREADY) {
        fault = arena_printf(&d->arena, "the service %s could not be stopped, %s: %.*s",
                             service->name.p, service_text(&answer),
                             VIEW_ARG(buffer_view(&answer.message)));
        dialogue_note(d, false, "%.*s", VIEW_ARG(fault));
    }
    buffer_free(&answer.message);
    return fault;
}

/* The same, when it is written down that it is about to be done; and that it was not, so that it is
 * not started by who goes on with the run (Q18). */
static struct view service_stop_noted(struct dialogue *d, struct dialogue_service *service)
{
    vsr_error error = {0};
    if (d->options.on_asking != NULL &&
        d->options.on_asking(d->options.asking_context, 0, service->name.p, &error) != VSR_OK) {
        return arena_printf(&d->arena, "the service %s is not stopped: %s", service->name.p,
                            error.what);
    }
    const struct view fault = service_stop(d, service);
    if (!service->stopped && d->options.on_not_stopped != NULL) {
        d->options.on_not_stopped(d->options.asking_context, service->name.p);
    }
    return fault;
}

void dialogue_stop(struct dialogue *d, const struct plan *plan)
{
    /* those that are there already were stopped by an earlier process, and do not start */
    const uint32_t before = d->service_count;
    const size_t most = (size_t)before + plan->unit_count;
    struct view *faults = ARENA_ARRAY(&d->arena, struct view, most);
    bool *met = ARENA_ARRAY(&d->arena, bool, most);
    struct dialogue_service *services = ARENA_ARRAY(&d->arena, struct dialogue_service, most);
    for (uint32_t i = 0; i < before; i++) {
        services[i] = d->services[i];
    }
    d->services = services;
    for (uint32_t u = 0; u < plan->unit_count && cancel_number(d->options.cancel) == 0; u++) {
        const struct plan_unit *unit = &plan->units[u];
        const struct wmd *wmd = wmd_of(d, unit);
        if (wmd == NULL || !dialogue_unit_stops(d, unit) ||
            view_present(d->said[unit->writer].veto)) {
            continue;
        }
        const struct view name = arena_copy(&d->arena, wmd->service);
        struct dialogue_service *service = service_find(d, name);
        if (service == NULL) {
            service = &d->services[d->service_count++];
            *service = (struct dialogue_service){.name = name};
        }
        if (!met[service - d->services]) {
            met[service - d->services] = true;
            faults[service - d->services] = service_stop_noted(d, service);
        }
        d->said[unit->writer].service_fault = faults[service - d->services];
    }
}

static bool service_is_needed(const struct dialogue *d, const struct plan *plan,
                              const uint8_t *done, struct view name)
{
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct wmd *wmd = wmd_of(d, &plan->units[u]);
        if (done[u] == 0 && wmd != NULL && dialogue_unit_stops(d, &plan->units[u]) &&
            win_fold_equal(wmd->service, name)) {
            return true;
        }
    }
    return false;
}

vsr_code dialogue_stop_again(struct dialogue *d, const struct plan *plan, const uint8_t *done,
                             vsr_error *error)
{
    for (uint32_t i = 0; i < d->service_count; i++) {
        struct dialogue_service *service = &d->services[i];
        const bool before = service->stopped;
        if (!service_is_needed(d, plan, done, service->name)) {
            continue;
        }
        service->stopped = false;
        const struct view fault =
            before ? service_stop(d, service) : service_stop_noted(d, service);
        service->again = service->stopped; /* it ran until now, or nobody knows */
        service->stopped = service->again || before;
        if (view_present(fault)) {
            return err_set(error, VSR_ERR_DEST_PERMISSION, "run/dialogue",
                           "cannot go on with the run: %.*s", VIEW_ARG(fault));
        }
    }
    return VSR_OK;
}

/* Does it run? If it could not be started: the files are there, and exit 1 tells it (ruling 34). */
static bool service_start(struct dialogue *d, const char *name, bool is_loss)
{
    struct service_answer answer = {0};
    d->options.calls->service_start(d->options.calls->context, name, &answer);
    const bool runs = answer.state == SERVICE_DONE || answer.state == SERVICE_ALREADY;
    if (!runs) {
        dialogue_note(d, is_loss, "the service %s could not be started again, %s: %.*s", name,
                      service_text(&answer), VIEW_ARG(buffer_view(&answer.message)));
    }
    buffer_free(&answer.message);
    return runs;
}

void dialogue_start(struct dialogue *d, bool is_loss)
{
    for (uint32_t i = d->service_count; i > 0; i--) {
        struct dialogue_service *service = &d->services[i - 1];
        if (service->stopped) {
            service->stopped = !service_start(d, service->name.p, is_loss);
            if (!service->stopped && d->options.on_not_stopped != NULL) {
                d->options.on_not_stopped(d->options.asking_context, service->name.p);
            }
        }
    }
}

void dialogue_give_up(struct dialogue *d)
{
    for (uint32_t i = d->service_count; i > 0; i--) {
        if (d->services[i - 1].again) {
            (void)service_start(d, d->services[i - 1].name.p, true);
        }
    }
}

/* One service at the end of its units. */
static void service_cycle(struct dialogue *d, const char *name)
{
    const struct writer_calls *calls = d->options.calls;
    struct service_answer answer = {0};
    if (calls == NULL || calls->service_stop == NULL) {
        dialogue_note(
            d, true,
            "the service %s is to be stopped and started now (rule 6.6/8); nobody does it "
            "for us: --service-command",
            name);
        return;
    }
    vsr_error error = {0};
    if (d->options.on_asking != NULL &&
        d->options.on_asking(d->options.asking_context, 0, name, &error) != VSR_OK) {
        dialogue_note(d, true, "the service %s is not stopped and started: %s", name, error.what);
        return;
    }
    calls->service_stop(calls->context, name, &answer);
    bool runs = true;
    if (answer.state == SERVICE_DONE || answer.state == SERVICE_CUT_SHORT) {
        runs = service_start(d, name, true);
    } else if (answer.state != SERVICE_ALREADY) { /* one that did not run needs no new start */
        dialogue_note(d, true, "the service %s could not be stopped and started, %s: %.*s", name,
                      service_text(&answer), VIEW_ARG(buffer_view(&answer.message)));
    }
    if (runs && d->options.on_not_stopped != NULL) {
        d->options.on_not_stopped(d->options.asking_context, name);
    }
    buffer_free(&answer.message);
}

/* On an offline tree the report says that no service runs. */
static void tell_offline(struct dialogue *d, const struct plan *plan)
{
    uint32_t count = 0;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        const struct wmd *wmd = wmd_of(d, unit);
        const bool asks =
            unit->method == METHOD_STOP_RESTORE_START || unit->method == METHOD_RESTORE_STOP_START;
        count += asks && wmd != NULL && wmd->service.n > 0 && unit->refusal == REFUSAL_NONE;
    }
    if (count > 0) {
        dialogue_note(d, false,
                      "%u %s for a service to be stopped and started; the tree is offline, so none "
                      "runs and none was touched",
                      count, count == 1 ? "unit asks" : "units ask");
    }
}

void dialogue_cycle(struct dialogue *d, const struct plan *plan, const struct report *report)
{
    if (report == NULL || d->options.choices->private_dir != NULL) {
        return;
    }
    const bool live = tree_has_services(d);
    if (!live) {
        tell_offline(d, plan);
    }
    struct view *done = ARENA_ARRAY(&d->arena, struct view, plan->unit_count);
    uint32_t done_count = 0;
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const struct plan_unit *unit = &plan->units[u];
        const struct wmd *wmd = wmd_of(d, unit);
        if (unit->method != METHOD_RESTORE_STOP_START || wmd == NULL ||
            report->units[u].status == RESTORE_STATUS_NONE) {
            continue;
        }
        const struct view name = arena_copy(&d->arena, wmd->service);
        bool known = false;
        for (uint32_t i = 0; i < done_count; i++) {
            known = known || win_fold_equal(done[i], name);
        }
        if (known) {
            continue;
        }
        done[done_count++] = view_present(name) ? name : VIEW("");
        if (name.n == 0) {
            dialogue_note(
                d, true,
                "%.*s asks for a service to be stopped and started (rule 6.6/8) and names "
                "none",
                VIEW_ARG(dialogue_writer_name(d, unit->writer)));
        } else if (live) {
            service_cycle(d, name.p);
        }
    }
}
