/* Included before every file of QuickJS: its calls to these functions go to substitutes.c. */
#include <math.h>
#include <sys/time.h>
#include <time.h>

#include "substitutes.h"

#define gettimeofday engine_gettimeofday
#define localtime_r engine_no_zone
#define sin engine_no_angle
#define cos engine_no_angle
#define tan engine_no_angle
#define asin engine_no_angle
#define acos engine_no_angle
#define atan engine_no_angle
#define atan2 engine_no_angles
