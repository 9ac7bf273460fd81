# SPDX-License-Identifier: GPL-2.0
# "make help" lists the targets. The work is done by the scripts of
# selftests/vm and tools/checks; kbuild reads Kbuild, not this file.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VM := selftests/vm
BUILD := $(CURDIR)/build
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

# What users may set.
KERNEL ?= 6.1
KDIR ?= /lib/modules/$(shell uname -r)/build
TESTS ?=
RUN ?=
ARGS ?=
BENCH ?=
FILES ?=
MODULES ?=
MEM ?=
TIMEOUT ?=
SUITES ?=
DESTDIR ?=
PREFIX ?= /usr/local
# The kernel that KDIR is of, as uname -r prints it there.
KVER ?= $(or $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	'$(KDIR)/include/generated/utsrelease.h' 2>/dev/null),$(shell uname -r))
MODDIR ?= /lib/modules/$(KVER)/updates
# Only /usr/lib is looked at by every version of udev and systemd.
UDEVDIR ?= /usr/lib/udev/rules.d
MODLOADDIR ?= /usr/lib/modules-load.d

MAN_PAGES = $(notdir $(patsubst %.rst,%,$(wildcard Documentation/man/*.rst)))

# Options of run-vm that come from the variables above.
VMOPTS = -k '$(KERNEL)' $(if $(MEM),-m '$(MEM)') $(if $(TIMEOUT),-t '$(TIMEOUT)') \
	$(if $(MODULES),-M '$(MODULES)') $(foreach file,$(FILES),-f '$(file)')

.PHONY: all modules tools demo check check-all check-dkms check-install check-headers \
	unit bench vm shell lint install install-module install-tools uninstall \
	dkms-install dkms-uninstall man docs deps clean help

all: modules tools

modules:
	@if [ ! -e '$(KDIR)/Makefile' ]; then \
		echo "No kernel headers at $(KDIR)." >&2; \
		echo "Install the package linux-headers-$$(uname -r), or name a build folder: make modules KDIR=..." >&2; \
		echo "'make demo' and 'make check' need neither: they bring their own kernel." >&2; \
		exit 1; \
	fi
	@$(VM)/deps build
	+@ln -sf "$$($(VM)/build-module '$(BUILD)/module' '$(KDIR)')" '$(BUILD)/vmopager.ko'
	@echo "  DONE    build/vmopager.ko"

tools:
	@$(VM)/deps tools
	+@$(MAKE) --no-print-directory -C tools BUILD='$(BUILD)/tools' all

demo:
	+@$(VM)/run-vm -t 600 $(VMOPTS) -- $(VM)/demo.sh

check:
	+@$(VM)/run-suite -k '$(KERNEL)' $(if $(MEM),-m '$(MEM)') \
		$(if $(TIMEOUT),-t '$(TIMEOUT)') $(foreach test,$(TESTS),'$(test)')

check-all:
	+@$(VM)/run-all 6.1 6.12 7.2 debug install dkms headers

unit:
	+@$(VM)/run-unit

bench:
	+@$(VM)/run-bench -k '$(KERNEL)' $(if $(MEM),-m '$(MEM)') \
		$(if $(TIMEOUT),-t '$(TIMEOUT)') $(if $(ARGS),-a '$(ARGS)') $(BENCH)

vm:
	@[ -n '$(RUN)' ] || { echo "make vm RUN=file: which program?" >&2; exit 2; }
	+@$(VM)/run-vm $(VMOPTS) -- '$(RUN)' $(ARGS)

shell:
	+@$(VM)/run-vm $(VMOPTS) -s

lint:
	+@tools/checks/lint

install: install-module install-tools

install-module: modules
	@if [ -z '$(DESTDIR)' ] && compgen -G '/lib/modules/$(KVER)/updates/dkms/vmopager.ko*' >/dev/null; then \
		echo "DKMS has installed the module for $(KVER): run 'make dkms-uninstall' first," >&2; \
		echo "or 'make dkms-install' for the module and 'make install-tools' for the rest." >&2; \
		exit 1; \
	fi
	install -D -m 644 '$(BUILD)/vmopager.ko' '$(DESTDIR)$(MODDIR)/vmopager.ko'
	$(if $(DESTDIR),,depmod -a '$(KVER)')

install-tools: tools man
	for header in uapi/linux/*.h; do \
		install -D -m 644 "$$header" \
			"$(DESTDIR)$(PREFIX)/include/linux/$${header##*/}" || exit; \
	done
	install -D -m 644 tools/udev/60-vmopager.rules '$(DESTDIR)$(UDEVDIR)/60-vmopager.rules'
	install -D -m 644 tools/udev/modules-load.conf '$(DESTDIR)$(MODLOADDIR)/vmopager.conf'
	+$(MAKE) --no-print-directory -C tools BUILD='$(BUILD)/tools' PREFIX='$(PREFIX)' \
		DESTDIR='$(DESTDIR)' install
	for page in $(MAN_PAGES); do \
		[ -e "$(BUILD)/man/$$page" ] || continue; \
		install -D -m 644 "$(BUILD)/man/$$page" \
			'$(DESTDIR)$(PREFIX)/share/man/man'"$${page##*.}/$$page" || exit; \
	done
	$(if $(DESTDIR),,getent group vmopager >/dev/null || groupadd --system vmopager)
	$(if $(DESTDIR),,ldconfig)

# The group stays: files may belong to it.
uninstall:
	rm -f '$(DESTDIR)$(MODDIR)/vmopager.ko'
	rm -f '$(DESTDIR)$(PREFIX)/include/linux/'vmopager{,_netlink}.h
	rm -f '$(DESTDIR)$(UDEVDIR)/60-vmopager.rules' '$(DESTDIR)$(MODLOADDIR)/vmopager.conf'
	+$(MAKE) --no-print-directory -C tools BUILD='$(BUILD)/tools' PREFIX='$(PREFIX)' \
		DESTDIR='$(DESTDIR)' uninstall
	for page in $(MAN_PAGES); do \
		rm -f '$(DESTDIR)$(PREFIX)/share/man/man'"$${page##*.}/$$page"; \
	done
	$(if $(DESTDIR),,depmod -a '$(KVER)')
	$(if $(DESTDIR),,ldconfig)

dkms-install:
	@DESTDIR='$(DESTDIR)' tools/dkms/dkms-module install '$(KVER)'

dkms-uninstall:
	@DESTDIR='$(DESTDIR)' tools/dkms/dkms-module uninstall

check-dkms:
	+@$(VM)/dkms-test $(SUITES)

check-install:
	+@$(VM)/install-test

check-headers:
	+@$(VM)/check-headers $(SUITES)

# The manual page of the ioctls needs the kernel's kernel-doc. It comes with the
# headers that the module is built against, or else the page is left out.
man:
	@$(VM)/deps docs
	@KERNEL_DOC='$(wildcard $(KDIR)/scripts/kernel-doc)' \
		tools/docs/render man '$(BUILD)/man' Documentation/man/*.rst

docs:
	@$(VM)/deps docs
	@source=$$($(VM)/fetch-source) && export KERNEL_DOC="$$source/scripts/kernel-doc" && \
	tools/docs/render man '$(BUILD)/man' Documentation/man/*.rst && \
	tools/docs/render html '$(BUILD)/docs' Documentation/*.rst && \
	tools/docs/render html '$(BUILD)/docs/man' Documentation/man/*.rst
	@echo "  DONE    build/docs/index.html, build/man"

deps:
	@$(VM)/deps source build tools examples unit vm trace chroot debug dkms lint docs

clean:
	rm -rf build

help:
	@echo 'make [all]      the module for the running kernel (or KDIR=) and the tools, in build/'
	@echo 'make modules    the module alone'
	@echo 'make tools      libvmopager and vmoctl alone'
	@echo 'make demo       a real file served through the pager, in the test VM'
	@echo "make check      the test suite in the test VM [KERNEL=6.1|6.12|7.2|debug] [TESTS='name* name.test']"
	@echo 'make check-all  the suite on every kernel, then the three checks that follow'
	@echo 'make check-dkms    DKMS from adding to removing, with those of Debian 12, 13 and sid'
	@echo 'make check-install make install and uninstall, in a staging folder'
	@echo 'make check-headers the module with W=1 for plain, cloud and rt kernels of these three'
	@echo "                [SUITES='bookworm trixie sid'], also for check-dkms"
	@echo 'make unit       logic tests in user space, without a VM'
	@echo "make bench      benchmarks in the test VM [BENCH=name] [KERNEL=] [MEM=6G] [ARGS='-r 21']"
	@echo "make vm RUN=f   run a program in the test VM [ARGS=] [FILES='a b'] [KERNEL=] [MEM=1G]"
	@echo "                [TIMEOUT=300] [MODULES='fuse loop']"
	@echo 'make shell      a shell in the test VM [FILES=] [KERNEL=] [MEM=] [MODULES=]'
	@echo 'make lint       all static checks'
	@echo 'make install    module, header, library, vmoctl, man pages, udev rule, an entry for'
	@echo '                loading at boot [DESTDIR=] [PREFIX=/usr/local] [KDIR=]'
	@echo 'make install-module, make install-tools   the module alone; all but the module'
	@echo 'make uninstall  the reverse'
	@echo 'make dkms-install    the module by DKMS, for this kernel and later ones [KVER=] [DESTDIR=]'
	@echo 'make dkms-uninstall  the reverse, all versions and kernels'
	@echo 'make docs       all pages as HTML with the reference of the interface, and the man pages'
	@echo 'make man        the man pages alone, in build/man/'
	@echo 'make deps       install all packages that any target needs (each does so for itself)'
	@echo 'make clean      remove build/; the kernels in $${VMOP_CACHE:-~/.cache/vmopager} stay'
