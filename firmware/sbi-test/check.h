// One line for each check.
#pragma once

#include "sbi.h"

void say(const char *format, ...);
void check(bool good, const char *what, ...);
void check_equal(u64 got, u64 want, const char *what, ...);
void check_error(struct sbiret got, i64 want, const char *what, ...);
void check_value(struct sbiret got, u64 value, const char *what, ...);
void skip(const char *what);
void finish(void) __attribute__((noreturn));
void give_up(const char *why) __attribute__((noreturn));

// The topics, each a file.
void test_base(void);
void test_console(void);
void test_exceptions(void);
void test_misaligned(void);
void test_counters(void);
void test_time(void);
void test_hsm(void);
void test_ipi(void);
void test_rfence(void);
void test_suspend(void);
void test_pmu(void);
void test_legacy(void);
void test_srst(void);

// Memory of the firmware: where it starts on the boards that we know.
#define FIRMWARE 0x80000000UL
