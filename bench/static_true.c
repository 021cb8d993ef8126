// A program that does nothing, linked statically: what remains of a launch is the launch.
// SPDX-License-Identifier: Apache-2.0
int main(void) { return 0; }
