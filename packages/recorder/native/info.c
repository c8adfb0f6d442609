/* What the INFO chunk says of the interpreter and the recording, as JSON. */
#define _GNU_SOURCE
#include "recorder.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A JSON string with its quotes; bytes that are not UTF-8 are written as U+FFFD. */
size_t json_string(char *out, size_t room, const char *text, size_t length)
{
    size_t n = 0, i = 0;
    if (room < 16) return 0;
    out[n++] = '"';
    while (i < length && n + 12 < room) {
        unsigned char c = (unsigned char)text[i];
        size_t bytes = c < 0x80 ? 1 : c >= 0xF0 && c < 0xF5 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0, k;
        for (k = 1; k < bytes; k++) if (i + k >= length || ((unsigned char)text[i + k] & 0xC0) != 0x80) { bytes = 0; break; }
        if (c == '"' || c == '\\') { out[n++] = '\\'; out[n++] = (char)c; i++; }
        else if (c < 0x20) { n += (size_t)snprintf(out + n, room - n, "\\u%04x", c); i++; }
        else if (bytes == 0 || bytes > 4) { memcpy(out + n, "\\ufffd", 6); n += 6; i++; }
        else { memcpy(out + n, text + i, bytes); n += bytes; i += bytes; }
    }
    out[n++] = '"';
    return n;
}

typedef struct { char *out; size_t n, room; } Json;

static void key(Json *j, const char *name)
{
    j->n += (size_t)snprintf(j->out + j->n, j->room - j->n, "%s\"%s\":", j->n > 1 ? "," : "", name);
}

static void text(Json *j, const char *name, const char *value)
{
    key(j, name);
    if (value) j->n += json_string(j->out + j->n, j->room - j->n, value, strlen(value));
    else { memcpy(j->out + j->n, "null", 4); j->n += 4; }
}

static void number(Json *j, const char *name, uint64_t value)
{
    key(j, name);
    j->n += (size_t)snprintf(j->out + j->n, j->room - j->n, "%llu", (unsigned long long)value);
}

static void command_line(Json *j)
{
    static char line[32 * 1024];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), first = 1;
    ssize_t length = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    char *p = line;
    if (fd >= 0) close(fd);
    if (length < 0) length = 0;
    line[length] = 0;
    key(j, "commandLine");
    j->out[j->n++] = '[';
    while (p < line + length) {
        size_t n = strlen(p);
        if (!first) j->out[j->n++] = ',';
        j->n += json_string(j->out + j->n, j->room - j->n - 4096, p, n);
        first = 0;
        p += n + 1;
    }
    j->out[j->n++] = ']';
}

size_t info_json(char *out, size_t room)
{
    static const char *const stack_modes[] = {"none", "innermost", "full"};
    Json j = {out, 0, room};
    char version[64], executable[4096];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    struct timespec now;
    executable[length > 0 ? length : 0] = 0;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(version, sizeof version, "%s", python.get_version());
    version[strcspn(version, " ")] = 0;
    out[j.n++] = '{';
    text(&j, "implementation", "CPython");
    text(&j, "version", version);
    text(&j, "versionText", python.get_version());
    text(&j, "build", python.get_build_info ? python.get_build_info() : NULL);
    text(&j, "compiler", python.get_compiler ? python.get_compiler() : NULL);
    text(&j, "platform", python.get_platform ? python.get_platform() : NULL);
    text(&j, "model", sizeof(void *) == 8 ? "lp64" : "ilp32");
    text(&j, "executable", executable);
    command_line(&j);
    number(&j, "pid", (uint64_t)state.pid);
    number(&j, "pageSizeBytes", (uint64_t)sysconf(_SC_PAGESIZE));
    number(&j, "pageShift", encoder.page_shift);
    number(&j, "startedAtUnixMs", (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 - elapsed_ns() / 1000000);
    text(&j, "pythonmalloc", getenv("PYTHONMALLOC"));
    text(&j, "allocator", state.allocator_name);
    text(&j, "stacks", stack_modes[state.stacks]);
    text(&j, "stacksNote", state.stacks_note);
    out[j.n++] = '}';
    return j.n;
}
