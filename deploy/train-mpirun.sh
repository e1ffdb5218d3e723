#!/usr/bin/env bash
# Trains on the machines of a hostfile with Open MPI, a rank on each, which computes with all
# its processors:
#
#     deploy/train-mpirun.sh deploy/hosts photos/ --epochs 20
#
# stride, built with MPI, and the photos are at the same paths on all machines; ssh logs in
# without a password. The run folder is written by rank 0, on the first machine.
set -euo pipefail

hosts=$1
shift
ranks=$(grep -c '^[^#]' "$hosts")
# --bind-to none: mpirun would bind each rank to one core, or to a part of the machine.
exec mpirun --hostfile "$hosts" -n "$ranks" --map-by node --bind-to none \
	-x STRIDE_MPI -x STRIDE_KERNELS \
	stride train "$@" --dist mpi
