#include "app/program.hpp"

int main(int argc, char** argv) { return hydra_provisioner::app::run_program(argc, argv); }
