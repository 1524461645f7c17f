# `make` prints what there is. Everything is built in release mode, so that one build serves the tool, the tests and
# the benchmarks: the tests reach into modules through `package` access instead of `@testable`, which would compile
# every module a second time.

SWIFT ?= swift
CLANG_FORMAT ?= clang-format
SWIFT_FILES := Sources Tests Fuzz Examples Package.swift
SHIM_FILES = $(wildcard Sources/CTorch/*.cpp Sources/CTorch/*.h Sources/CTorch/include/*.h \
	Sources/CCodecs/*.c Sources/CCodecs/*.h Sources/CCodecs/include/*.h \
	Sources/CHTTP/*.c Sources/CHTTP/include/*.h \
	Scripts/faults/*.c Fuzz/CFuzzer/*.h)
# One suite after another, so that the log tells how long each took.
TEST := Scripts/slowest.sh $(SWIFT) test -c release --disable-xctest --disable-testable-imports --no-parallel

.PHONY: help setup build demo demo-photos demo-elpv studies test soak bench fuzz faults format lint clean

help: ## print this list
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing and fetch libtorch (LIBTORCH=/path uses an existing one)
	@Scripts/setup.sh

build: setup ## build the library and the tool: .build/release/funmatch
	$(SWIFT) build -c release

demo: build ## distil a real teacher on real images, print and draw the result
	@Scripts/demo.sh

demo-photos: build ## half an hour: an ImageNet teacher and a MobileNet student on unlabelled photographs
	@Scripts/demo-photos.sh

demo-elpv: build ## solar cells with labels in a CSV file, a teacher of one's own and three students
	@Scripts/demo-elpv.sh

test: ## run every test
	@Scripts/setup.sh tests
	$(TEST)

soak: build ## run the tests, the long ones too, on photographs and on classifiers of other exporters (1 GB, fetched once)
	@Scripts/setup.sh tests
	@Scripts/demo-photos.sh data
	@Scripts/onnx_zoo.sh
	FUNMATCH_SOAK=1 $(TEST)

fuzz: setup ## some hours: damaged files to every reader, 10 minutes each (READERS="jpeg tar", SECONDS_EACH=600, SECONDS_ALL=60, JOBS=1)
	@Scripts/fuzz.sh $(READERS)
	@Scripts/fuzz.sh threads

faults: build ## some hours: every system call that changes files made to fail, for runs, banks, studies, exports (FAULTS="--tasks run")
	@Scripts/faults.sh $(FAULTS)

studies: build ## some hours: the paper's claims in small, all of Studies/, with reports (STUDY=patience runs one)
	@Scripts/studies.sh $(STUDY)

# With PAIR that pair's steps alone: what else is measured has no pairs.
bench: build ## compare with peers (steps, image input; ROUNDS=7), studies with single runs, banks with teachers, processes with threads (PAIR=bit: one pair)
ifeq ($(PAIR),)
	@Scripts/bench.sh input
endif
	@PAIR=$(PAIR) Scripts/bench.sh step
ifeq ($(PAIR),)
	@Scripts/bench_studies.sh study
	@Scripts/bench_studies.sh bank
	@Scripts/bench_processes.sh
endif

format: ## rewrite Swift and C++ sources in the house style
	$(SWIFT) format -i -r $(SWIFT_FILES)
	@command -v $(CLANG_FORMAT) >/dev/null || \
		{ echo "clang-format is missing (Debian: apt-get install clang-format; macOS: brew install clang-format)" >&2; exit 1; }
	$(CLANG_FORMAT) -i $(SHIM_FILES)

lint: ## complain about Swift sources that are not in the house style, and about imports that point up
	$(SWIFT) format lint --strict -r $(SWIFT_FILES)
	@Scripts/check_layers
	@python3 Scripts/check_layers_test.py

clean: ## remove what was built; .deps, with libtorch, stays
	rm -rf .build .build-fuzz .build-threads
