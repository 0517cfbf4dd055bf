/*
 * What kind of machine this is right now: how far the first two CPUs are from each other, and
 * whether they share a core. Virtual machines change that within seconds, and rates with it, so
 * every figure of scripts/bench has this line beside it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { ROUND_TRIPS = 200000, ALU_STEPS = 20 * 1000 * 1000 };

static _Alignas(64) atomic_uint line;
static _Alignas(64) atomic_int go;

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void pin(int cpu)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET((unsigned)cpu, &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
}

static double alu_loop(void)
{
    uint64_t value = 1;
    double start = now_ns();

    for (int i = 0; i < ALU_STEPS; i++) {
        value = value * UINT64_C(0x9e3779b97f4a7c15) + 1;
        __asm__ volatile("" : "+r"(value));
    }
    return (now_ns() - start) / ALU_STEPS;
}

static void *partner(void *result)
{
    pin(1);
    atomic_store(&go, 1);
    for (unsigned i = 0; i < ROUND_TRIPS; i++) {
        while (atomic_load_explicit(&line, memory_order_acquire) != 2 * i + 1)
            ;
        atomic_store_explicit(&line, 2 * i + 2, memory_order_release);
    }
    *(double *)result = alu_loop();
    return NULL;
}

int main(void)
{
    double start, round_trip, alone, here, there = 0;
    pthread_t thread;

    pin(0);
    alone = alu_loop();
    pthread_create(&thread, NULL, partner, &there);
    while (atomic_load(&go) == 0)
        ;
    start = now_ns();
    for (unsigned i = 0; i < ROUND_TRIPS; i++) {
        atomic_store_explicit(&line, 2 * i + 1, memory_order_release);
        while (atomic_load_explicit(&line, memory_order_acquire) != 2 * i + 2)
            ;
    }
    round_trip = (now_ns() - start) / ROUND_TRIPS;
    here = alu_loop();
    pthread_join(thread, NULL);
    printf(
        "machine: cache line round trip %.0f ns; ALU step %.2f ns alone, %.2f and %.2f together\n",
        round_trip, alone, here, there);
    return 0;
}
