// Matrices of 16-bit numbers, multiplied into 32 bits, with bit fields taken from the product.

#include "parts.h"

enum { N = 20 };

static i16 a[N][N], b[N][N];
static i32 product[N][N];

void matrix_start(void)
{
    u64 state = 777;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i16)next_random(&state) >> 4;
            b[i][j] = (i16)next_random(&state) >> 4;
        }
}

static void multiply(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            i32 sum = 0;
            for (int k = 0; k < N; k++)
                sum += (i32)a[i][k] * b[k][j];
            product[i][j] = sum;
        }
}

// product * v must be a * (b * v), whatever v is: a check that is cheaper than the product.
static void check_product(u64 round)
{
    i64 v[N], bv[N];
    for (int i = 0; i < N; i++)
        v[i] = (i64)(round + i * 7) % 17 - 8;
    for (int i = 0; i < N; i++) {
        bv[i] = 0;
        for (int j = 0; j < N; j++)
            bv[i] += b[i][j] * v[j];
    }
    for (int i = 0; i < N; i++) {
        i64 left = 0, right = 0;
        for (int j = 0; j < N; j++) {
            left += product[i][j] * v[j];
            right += a[i][j] * bv[j];
        }
        check(left == right, "the product of the matrices is wrong");
    }
}

u64 matrix_round(u64 round)
{
    i16 shift = (i16)(round % 64);
    for (int i = 0; i < N; i++)
        a[i][i] = (i16)(a[i][i] + shift) % 2048;
    multiply();
    check_product(round);
    u64 sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            u32 bits = (u32)product[i][j];
            sum += (bits >> 2 & 0xf) * (bits >> 5 & 0x7f);
        }
    return sum;
}
