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
# oob_tcp_keepalive: after a minute without a message mpirun asks whether a machine is there,
# and ends the job when three questions stay without an answer. By default it waits far longer.
exec mpirun --hostfile "$hosts" -n "$ranks" --map-by node --bind-to none \
	--mca oob_tcp_keepalive_time 60 --mca oob_tcp_keepalive_intvl 10 --mca oob_tcp_keepalive_probes 3 \
	-x STRIDE_MPI -x STRIDE_KERNELS \
	stride train "$@" --dist mpi
