/* tsan_threads: what ThreadSanitizer lacks to judge a program that uses librdkafka; linked into builds under it only.
 *
 * TSan learns of threads and locks by standing in for pthread_*. It does not stand in for C11's thrd_*, mtx_*, cnd_*
 * and call_once, which glibc keeps to itself: a thread that thrd_create began has no TSan state, and its first malloc
 * ends in a segmentation fault. Debian's librdkafka begins all its threads so. The functions here come before glibc's
 * in the search order of the dynamic linker, and call what TSan stands in for; so TSan also sees the order that
 * librdkafka's locks make, though that library was not compiled for it.
 *
 * glibc gives mtx_t, cnd_t and once_flag the shape of their POSIX brothers; the assertions below hold it to that. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && _Alignof(mtx_t) >= _Alignof(pthread_mutex_t), "one shape");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t) && _Alignof(cnd_t) >= _Alignof(pthread_cond_t), "one shape");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "one shape");
_Static_assert(_Generic((thrd_t)0, pthread_t : 1, default : 0), "one type");

/* librdkafka counts the users of its buffers with atomics that TSan cannot see, so a free by the last of them looks
 * like a race with the reads of another. What it calls directly (free, memcpy, the end of a lock) is therefore left
 * out; its threads and the use of its locks come through the functions below, which are ours, and so are still seen.
 * All of our own code is watched, also where librdkafka calls it back. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librdkafka.so\n";
}

struct beginning {
    thrd_start_t function;
    void *argument;
};

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
        return thrd_nomem;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    default:
        return thrd_error;
    }
}

static void *begin(void *memory)
{
    struct beginning beginning = *(struct beginning *)memory;
    free(memory);
    return (void *)(intptr_t)beginning.function(beginning.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct beginning *beginning = malloc(sizeof(*beginning));
    if (beginning == NULL) {
        return thrd_nomem;
    }
    *beginning = (struct beginning){function, argument};
    int error = pthread_create(thread, NULL, begin, beginning);
    if (error != 0) {
        free(beginning);
    }
    return error == EAGAIN ? thrd_nomem : result_of(error);
}

int thrd_join(thrd_t thread, int *result)
{
    void *value = NULL;
    int error = pthread_join(thread, &value);
    if (error == 0 && result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return result_of(error);
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

_Noreturn void thrd_exit(int result)
{
    pthread_exit((void *)(intptr_t)result);
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error == 0) {
        error = pthread_mutexattr_settype(&attributes,
                                          (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
        error = error != 0 ? error : pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    return result_of(error);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
    return result_of(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until)
{
    return result_of(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
    return result_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
    return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    return result_of(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}

void call_once(once_flag *flag, void (*function)(void))
{
    pthread_once((pthread_once_t *)flag, function);
}

/* Already POSIX; here only so that librdkafka does not call TSan's directly, where they would be left out as above. */
int __interceptor_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __interceptor_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __interceptor_pthread_rwlock_unlock(pthread_rwlock_t *lock);

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return __interceptor_pthread_rwlock_rdlock(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return __interceptor_pthread_rwlock_wrlock(lock);
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    return __interceptor_pthread_rwlock_unlock(lock);
}
