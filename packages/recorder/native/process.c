/*
 * The process around the interpreter: fork, exec, _exit, the end, and the moment at which the
 * interpreter has chosen its allocators. The few C library functions below are wrapped by having
 * their names here, in a preloaded library; each calls the real one.
 */
#define _GNU_SOURCE
#include "recorder.h"
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char recording_path[PATH_MAX];

/* A child made by vfork shares this memory until it execs: it must not touch it. */
static int is_recorded_process(void) { return state.on && getpid() == state.pid; }

static int take_lock(void)
{
    if (thread.holds_lock) return 0;
    lock_slow();
    return 1;
}

static void release_lock(int taken)
{
    if (!taken) return;
    thread.holds_lock = 0;
    __atomic_store_n(&state.lock, 0, __ATOMIC_RELEASE);
}

static void finish(const char *reason)
{
    int taken;
    if (!is_recorded_process()) return;
    taken = take_lock();
    chunks_events_flush();
    if (state.on) chunks_finish(reason, "");
    state.on = 0;
    release_lock(taken);
}

/* ---- fork ---- */

static int lock_taken_for_fork;

static void before_fork(void)
{
    if (!is_recorded_process()) return;
    lock_taken_for_fork = take_lock();
    chunks_events_flush();
}

static void after_fork_in_parent(void)
{
    if (!is_recorded_process()) return;
    release_lock(lock_taken_for_fork);
}

static void after_fork_in_child(void)
{
    char path[PATH_MAX + 16];
    if (!state.on) return;
    thread.holds_lock = 0;
    state.lock = 0;
    thread.tid = 0;
    state.context_thread_state = NULL;
    state.context_is_settled = 0;
    state.pid = getpid();
    if (!state.follow_forks) {
        state.on = 0;
        chunks_close_in_child();
        return;
    }
    snprintf(path, sizeof path, "%s.%d", recording_path, (int)state.pid);
    if (!chunks_continue_in(path)) { state.on = 0; return; }
    mark_plain(MARK_FORK, "forked");
}

/* ---- exec: everything is written first; when the exec fails, the recording goes on ---- */

static void before_exec(const char *program)
{
    int taken;
    if (!is_recorded_process()) return;
    taken = take_lock();
    mark_plain(MARK_EXEC, program ? program : "");
    release_lock(taken);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

EXPORTED int execve(const char *path, char *const argv[], char *const envp[])
{
    before_exec(path);
    return REAL(execve)(path, argv, envp);
}

EXPORTED int execv(const char *path, char *const argv[])
{
    before_exec(path);
    return REAL(execv)(path, argv);
}

EXPORTED int execvp(const char *file, char *const argv[])
{
    before_exec(file);
    return REAL(execvp)(file, argv);
}

EXPORTED int execvpe(const char *file, char *const argv[], char *const envp[])
{
    before_exec(file);
    return REAL(execvpe)(file, argv, envp);
}

EXPORTED int fexecve(int fd, char *const argv[], char *const envp[])
{
    before_exec("fexecve");
    return REAL(fexecve)(fd, argv, envp);
}

/* ---- the end ---- */

EXPORTED void _exit(int status)
{
    finish("_exit");
    REAL(_exit)(status);
    __builtin_unreachable();
}

EXPORTED void _Exit(int status)
{
    finish("_exit");
    REAL(_Exit)(status);
    __builtin_unreachable();
}

/*
 * After an unhandled KeyboardInterrupt the interpreter ends by a signal to itself, which runs no
 * destructor. The signal may also be one that the program handles: so this writes, and does not end.
 */
EXPORTED int kill(pid_t pid, int signal)
{
    if (pid != 0 && pid == state.pid && thread.depth == 0 && is_recorded_process()) {
        int taken = take_lock();
        chunks_events_flush();
        release_lock(taken);
    }
    return REAL(kill)(pid, signal);
}

__attribute__((destructor)) static void at_exit(void) { finish("exit"); }

/*
 * ---- between setting its allocators and using them, the interpreter reads its environment (3.8 on)
 * and makes a lock (3.7) ----
 */

static void look_at_allocators(void)
{
    if (state.on && !python.is_initialized() && is_recorded_process()) hooks_reinstall_if_replaced();
}

EXPORTED char *getenv(const char *name)
{
    static __typeof__(&getenv) real;
    if (real == NULL) real = REAL(getenv);
    look_at_allocators();
    return real(name);
}

EXPORTED int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    static __typeof__(&sem_init) real;
    if (real == NULL) real = REAL(sem_init);
    look_at_allocators();
    return real(semaphore, shared, value);
}

void process_prepare(const char *path)
{
    snprintf(recording_path, sizeof recording_path, "%s", path);
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
