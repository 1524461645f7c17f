// See context.h: libtorch's header includes this one and names nothing of it.
#pragma once
