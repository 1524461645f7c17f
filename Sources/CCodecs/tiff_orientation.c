// The orientation of a TIFF file: from its own tag, else from its XMP packet.
#include <tiffio.h>

#include "codec.h"

int32_t cc_tiff_orientation(struct tiff *file, const uint8_t *bytes, size_t count) {
  uint16_t turned = 0;
  if (TIFFGetField(file, TIFFTAG_ORIENTATION, &turned)) {
    return turned >= 1 && turned <= 8 ? turned : 1;
  }
  // libtiff takes a tag with an impossible value for none.
  int32_t found = cc_exif_orientation(bytes, count);
  uint32_t size = 0;
  void *packet = NULL;
  if (found == 0 && TIFFGetField(file, TIFFTAG_XMLPACKET, &size, &packet)) {
    found = cc_xmp_orientation(packet, size);
  }
  return found != 0 ? found : 1;
}
