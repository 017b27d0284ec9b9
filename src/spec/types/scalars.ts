/**
 * The integers of the specification. The bounds are exact doubles, so they also hold for a bigint; a 64-bit maximum
 * is none, which is why it stands there as the first number beyond.
 */

/** @asType integer @minimum 0 @maximum 65535 */
export type Uint16 = number;

/** @asType integer @minimum 0 @maximum 4294967295 */
export type Uint32 = number;

/** @asType integer @minimum -2147483648 @maximum 2147483647 */
export type Int32 = number;

/**
 * A bigint where it is beyond 2^53 - 1 or below its negative: a double would not be exact.
 * @asType integer @minimum -9223372036854775808 @exclusiveMaximum 9223372036854775808
 */
export type Int64 = number | bigint;

/**
 * A bigint where it is beyond 2^53 - 1: a double would not be exact.
 * @asType integer @minimum 0 @exclusiveMaximum 18446744073709551616
 */
export type Uint64 = number | bigint;
