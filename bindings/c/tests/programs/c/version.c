// The least program: it prints which library it found.
#include <powerhose.h>
#include <stdio.h>

int main(void) {
    puts(powerhose_version());
    return powerhose_abi_version() == POWERHOSE_ABI_VERSION ? 0 : 1;
}
