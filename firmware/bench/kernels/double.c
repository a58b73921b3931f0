// Double precision: a product of matrices, five bodies in each other's gravity, and polynomials with
// conversions from and to integers.
// modes: m sv39

#include "../bench.h"

const char kernel_name[] = "double";
const u64 memory_needed = 0;

static u64 bits_of(double value)
{
    union { double value; u64 bits; } both = { value };
    return both.bits;
}

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

static double root_of(double value)
{
    __asm__("fsqrt.d %0, %0" : "+f"(value));
    return value;
}

// ---- Matrices.

enum { N = 32 };

static double a[N][N], b[N][N], product[N][N];

static u64 matrix(u64 rounds)
{
    u64 state = 31, sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)random_below(&state, 2000) / 1000 - 1;
            b[i][j] = (double)random_below(&state, 2000) / 1000 - 1;
        }
    for (u64 round = 0; round < rounds; round++) {
        a[round % N][round / N % N] += 0.125;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double cell = 0;
                for (int k = 0; k < N; k++)
                    cell += a[i][k] * b[k][j];
                product[i][j] = cell;
            }
        // The sum of all cells, the other way round: columns of a times rows of b.
        double left = 0, right = 0;
        for (int k = 0; k < N; k++) {
            double column = 0, row = 0;
            for (int i = 0; i < N; i++) {
                left += product[k][i];
                column += a[i][k];
                row += b[k][i];
            }
            right += column * row;
        }
        check(size_of(left - right) < 1e-9, "the product of the matrices is wrong");
        sum = add_to(sum, bits_of(left));
    }
    return sum;
}

// ---- Bodies.

enum { BODIES = 5 };

static struct body {
    double place[3], speed[3], mass;
} bodies[BODIES] = {
    { { 0, 0, 0 }, { 0, 0, 0 }, 1000 },
    { { 10, 0, 0 }, { 0, 10, 0 }, 1 },
    { { 0, 17, 1 }, { -7.5, 0, 0.5 }, 2 },
    { { -25, 3, 0 }, { 0, -6, 1 }, 0.5 },
    { { 2, -40, -3 }, { 5, 0, 0 }, 3 },
};

static double energy(void)
{
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        double speed = 0;
        for (int axis = 0; axis < 3; axis++)
            speed += bodies[i].speed[axis] * bodies[i].speed[axis];
        sum += bodies[i].mass * speed / 2;
        for (int j = i + 1; j < BODIES; j++) {
            double distance = 0;
            for (int axis = 0; axis < 3; axis++) {
                double way = bodies[i].place[axis] - bodies[j].place[axis];
                distance += way * way;
            }
            sum -= bodies[i].mass * bodies[j].mass / root_of(distance);
        }
    }
    return sum;
}

// Speeds by the forces, then places by the speeds.
static void move(double time)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double way[3], square = 0;
            for (int axis = 0; axis < 3; axis++) {
                way[axis] = bodies[i].place[axis] - bodies[j].place[axis];
                square += way[axis] * way[axis];
            }
            double force = time / (square * root_of(square));
            for (int axis = 0; axis < 3; axis++) {
                bodies[i].speed[axis] -= way[axis] * bodies[j].mass * force;
                bodies[j].speed[axis] += way[axis] * bodies[i].mass * force;
            }
        }
    for (int i = 0; i < BODIES; i++)
        for (int axis = 0; axis < 3; axis++)
            bodies[i].place[axis] += bodies[i].speed[axis] * time;
}

static u64 gravity(u64 steps)
{
    double before = energy();
    for (u64 step = 0; step < steps; step++)
        move(0.0005);
    double after = energy();
    check(size_of((after - before) / before) < 1e-3, "energy is lost");
    return add_to(bits_of(after), bits_of(bodies[1].place[0]));
}

// ---- Polynomials.

static u64 polynomial(u64 n)
{
    u64 sum = 0;
    for (u64 i = 0; i < n; i++) {
        double x = (double)(i64)(i * 7919 % 2001) / 1000 - 1, square = x * x;
        // Sine and cosine by their Taylor series.
        double sine = x * (1 + square * (-1.0 / 6 + square * (1.0 / 120 + square * (-1.0 / 5040 + square *
            (1.0 / 362880 + square * (-1.0 / 39916800 + square * (1.0 / 6227020800)))))));
        double cosine = 1 + square * (-1.0 / 2 + square * (1.0 / 24 + square * (-1.0 / 720 + square *
            (1.0 / 40320 + square * (-1.0 / 3628800 + square * (1.0 / 479001600))))));
        check(size_of(sine * sine + cosine * cosine - 1) < 1e-9, "sine and cosine do not fit");
        i64 whole = (i64)(sine * 1e15);
        i32 half = (i32)(cosine * 1e9);
        float single = (float)sine;
        sum = add_to(sum, (u64)whole ^ (u64)(i64)half ^ bits_of((double)single));
    }
    return sum;
}

u64 kernel(void)
{
    u64 sum = matrix(scaled(800, 2));
    sum = add_to(sum, gravity(scaled(350000, 100)));
    return add_to(sum, polynomial(scaled(2500000, 1000)));
}
