// A stand-in for IOKit and CoreFoundation, with their symbols and signatures, to drive the code
// for macOS on other systems. As with the real ones, a run loop belongs to its thread, messages
// arrive on it, and the system remembers whom it waits for. What the real ones would leave
// undefined is noted as a fault.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX = 64, MAILS = 512 };

typedef struct {
  long version;
  void *info;
  const void *(*retain)(const void *);
  void (*release)(const void *);
  void *description, *equal, *hash, *schedule, *cancel;
  void (*perform)(void *);
} context;

struct loop;
struct port;

typedef struct source {
  context context;
  int references, signaled;
  struct port *port; /* the source of a notification port, else a version 0 source */
  struct loop *loop;
} source;

typedef struct loop { // of one thread
  pthread_t thread;
  source *sources[MAX];
  int awakened;
} loop;

typedef struct mail { uint32_t message; intptr_t argument; } mail;

typedef struct port {
  uint32_t connection, notifier;
  void (*callback)(void *, uint32_t, uint32_t, void *);
  void *refcon;
  source source;
  int registered, connected, alive;
  mail mails[MAILS];
  int head, tail;
} port;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards all of the following
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static port ports[MAX];
static int nports, refusals, broken, created;
static mail asked[MAILS];
static int nasked, allowed[MAILS];
static char faults[4096];

static const char mode[] = "kCFRunLoopDefaultMode";
const void *kCFRunLoopDefaultMode = mode;

static void fault(const char *what) {
  size_t used = strlen(faults);
  snprintf(faults + used, sizeof faults - used, "%s; ", what);
}

static port *byconnection(uint32_t c) {
  for (int i = 0; i < nports && i < MAX; i++)
    if (ports[i].connection == c) return &ports[i];
  return NULL;
}

static _Thread_local loop *mine;

// --- IOKit

uint32_t IORegisterForSystemPower(void *refcon, void **p, void (*callback)(void *, uint32_t, uint32_t, void *), uint32_t *notifier) {
  pthread_mutex_lock(&lock);
  uint32_t c = 0;
  if (refusals > 0) {
    refusals--;
  } else {
    port *new = &ports[nports % MAX];
    memset(new, 0, sizeof *new);
    new->connection = c = 0x5100 + nports;
    new->notifier = *notifier = 0x7100 + nports;
    nports++;
    new->callback = callback;
    new->refcon = refcon;
    new->source.port = new;
    new->registered = new->connected = new->alive = 1;
    *p = new;
  }
  pthread_mutex_unlock(&lock);
  return c;
}

int32_t IODeregisterForSystemPower(uint32_t *notifier) {
  pthread_mutex_lock(&lock);
  int found = 0;
  for (int i = 0; i < nports && i < MAX; i++) {
    port *p = &ports[i];
    if (p->notifier != *notifier || !p->registered) continue;
    found = 1;
    if (p->source.loop) fault("deregistered while its source is in a run loop");
    if (!p->connected || !p->alive) fault("deregistered after it was closed");
    p->registered = 0;
  }
  if (!found) fault("an unknown notifier was deregistered");
  *notifier = 0;
  pthread_mutex_unlock(&lock);
  return 0;
}

int32_t IOServiceClose(uint32_t connection) {
  pthread_mutex_lock(&lock);
  port *p = byconnection(connection);
  if (!p || !p->connected) fault("an unknown connection was closed");
  else if (p->registered) fault("closed before it was deregistered");
  else p->connected = 0;
  pthread_mutex_unlock(&lock);
  return 0;
}

void *IONotificationPortGetRunLoopSource(void *p) { return &((port *)p)->source; }

void IONotificationPortDestroy(void *v) {
  pthread_mutex_lock(&lock);
  port *p = v;
  if (!p->alive) fault("a port was destroyed twice");
  if (p->registered || p->connected) fault("a port was destroyed before its connection was closed");
  p->alive = 0;
  pthread_mutex_unlock(&lock);
}

int32_t IOAllowPowerChange(uint32_t connection, intptr_t id) {
  pthread_mutex_lock(&lock);
  int32_t result = 0;
  port *p = byconnection(connection);
  if (!p || !p->connected) result = (int32_t)0xe00002c2; /* kIOReturnBadArgument */
  int found = 0;
  for (int i = 0; i < nasked; i++) {
    if (asked[i].argument != id) continue;
    found = 1;
    if (asked[i].message != 0xe0000270 && asked[i].message != 0xe0000280) fault("an answer to what was no question");
    if (allowed[i]++) fault("a second answer");
  }
  if (!found) fault("an answer to nothing");
  pthread_cond_broadcast(&news);
  pthread_mutex_unlock(&lock);
  return result;
}

// --- CoreFoundation

void *CFRunLoopGetCurrent(void) {
  if (!mine) {
    mine = calloc(1, sizeof *mine);
    mine->thread = pthread_self();
  }
  return mine;
}

void *CFRunLoopSourceCreate(void *allocator, long order, context *c) {
  source *s = calloc(1, sizeof *s);
  s->context = *c;
  s->references = 1;
  pthread_mutex_lock(&lock);
  if (c->version != 0) fault("a source of another version");
  created++;
  pthread_mutex_unlock(&lock);
  return s;
}

void CFRelease(void *v) {
  source *s = v;
  pthread_mutex_lock(&lock);
  if (s->loop) fault("a source was released while in a run loop");
  created--;
  pthread_mutex_unlock(&lock);
  free(s);
}

void CFRunLoopAddSource(void *v, void *s, const void *m) {
  loop *l = v;
  pthread_mutex_lock(&lock);
  if (m != mode) fault("another mode");
  if (!pthread_equal(l->thread, pthread_self())) fault("a source was added from another thread");
  ((source *)s)->loop = l;
  for (int i = 0; i < MAX; i++)
    if (!l->sources[i]) { l->sources[i] = s; break; }
  pthread_mutex_unlock(&lock);
}

void CFRunLoopRemoveSource(void *v, void *s, const void *m) {
  loop *l = v;
  pthread_mutex_lock(&lock);
  if (m != mode) fault("another mode");
  if (!pthread_equal(l->thread, pthread_self())) fault("a source was removed from another thread");
  ((source *)s)->loop = NULL;
  for (int i = 0; i < MAX; i++)
    if (l->sources[i] == s) l->sources[i] = NULL;
  pthread_mutex_unlock(&lock);
}

void CFRunLoopSourceSignal(void *s) {
  pthread_mutex_lock(&lock);
  ((source *)s)->signaled = 1;
  pthread_mutex_unlock(&lock);
}

void CFRunLoopWakeUp(void *l) {
  pthread_mutex_lock(&lock);
  ((loop *)l)->awakened = 1;
  pthread_cond_broadcast(&news);
  pthread_mutex_unlock(&lock);
}

// once handles what there is, without the lock; it returns whether there was anything.
static int once(loop *l) {
  for (int i = 0; i < MAX; i++) {
    source *s = l->sources[i];
    if (!s) continue;
    if (s->port && s->port->head != s->port->tail) {
      port *p = s->port;
      mail m = p->mails[p->head++ % MAILS];
      pthread_mutex_unlock(&lock);
      p->callback(p->refcon, 0, m.message, (void *)m.argument);
      pthread_mutex_lock(&lock);
      return 1;
    }
    if (!s->port && s->signaled) {
      s->signaled = 0;
      pthread_mutex_unlock(&lock);
      s->context.perform(s->context.info);
      pthread_mutex_lock(&lock);
      return 1;
    }
  }
  return 0;
}

int32_t CFRunLoopRunInMode(const void *m, double seconds, uint8_t untilHandled) {
  loop *l = CFRunLoopGetCurrent();
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += (time_t)seconds;
  pthread_mutex_lock(&lock);
  int32_t result = 0;
  if (m != mode) fault("another mode");
  while (!result) {
    int any = 0;
    for (int i = 0; i < MAX; i++) any |= l->sources[i] != NULL;
    if (!any || broken) { broken = 0; result = 1; } /* kCFRunLoopRunFinished */
    else if (once(l)) result = untilHandled ? 4 : 0; /* kCFRunLoopRunHandledSource */
    else if (l->awakened) l->awakened = 0;
    /* a real run loop looks at its version 0 sources only when it is woken */
    else if (pthread_cond_timedwait(&news, &lock, &end) == ETIMEDOUT) result = 3; /* kCFRunLoopRunTimedOut */
  }
  pthread_mutex_unlock(&lock);
  return result;
}

// --- for the tests

// fake_send is the system telling all who registered.
void fake_send(uint32_t message, intptr_t argument) {
  pthread_mutex_lock(&lock);
  if (nasked < MAILS) asked[nasked++] = (mail){message, argument};
  for (int i = 0; i < nports && i < MAX; i++)
    if (ports[i].registered) ports[i].mails[ports[i].tail++ % MAILS] = (mail){message, argument};
  pthread_cond_broadcast(&news);
  pthread_mutex_unlock(&lock);
}

// fake_allowed waits up to that long for an answer, and says how many there were.
int32_t fake_allowed(intptr_t id, int32_t milliseconds) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += milliseconds / 1000;
  end.tv_nsec += milliseconds % 1000 * 1000000L;
  if (end.tv_nsec >= 1000000000L) { end.tv_sec++; end.tv_nsec -= 1000000000L; }
  pthread_mutex_lock(&lock);
  int32_t n = 0;
  for (;;) {
    n = 0;
    for (int i = 0; i < nasked; i++) n += asked[i].argument == id ? allowed[i] : 0;
    if (n || pthread_cond_timedwait(&news, &lock, &end) == ETIMEDOUT) break;
  }
  pthread_mutex_unlock(&lock);
  return n;
}

// fake_left is what nobody let go of; fake_registrations how often anybody registered.
int32_t fake_left(void) {
  pthread_mutex_lock(&lock);
  int32_t n = created;
  for (int i = 0; i < nports && i < MAX; i++)
    n += ports[i].registered + ports[i].connected + ports[i].alive + (ports[i].source.loop != NULL);
  pthread_mutex_unlock(&lock);
  return n;
}

int32_t fake_registrations(void) { pthread_mutex_lock(&lock); int32_t n = nports; pthread_mutex_unlock(&lock); return n; }
void fake_refuse(int32_t n) { pthread_mutex_lock(&lock); refusals = n; pthread_mutex_unlock(&lock); }
void fake_break(void) { pthread_mutex_lock(&lock); broken = 1; pthread_cond_broadcast(&news); pthread_mutex_unlock(&lock); }

// fake_faults copies what went wrong, and forgets it along with what was asked.
void fake_faults(char *to, int32_t size) {
  pthread_mutex_lock(&lock);
  snprintf(to, size, "%s", faults);
  faults[0] = 0;
  nasked = 0;
  memset(allowed, 0, sizeof allowed);
  pthread_mutex_unlock(&lock);
}
