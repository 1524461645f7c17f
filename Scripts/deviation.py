"""How far PyTorch's own results are from those in double precision, which is what others may differ by.

Kernels for other processors sum in other orders, so that no machine's deviation is another's: they were up to three times
those of others. So the scripts keep the deviations that are in their files where these are larger, and a processor can be
asked for the kernels of older ones:

    ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_ENABLE_INSTRUCTIONS=SSE4_2 make_model_fixtures.py
    ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 make_model_fixtures.py
"""
import copy

import torch


def ways():
    """The kernels and layouts in memory that one machine has; each is in force while it is asked for."""
    for uses_onednn in (True, False):
        for layout in (torch.contiguous_format, torch.channels_last):
            with torch.backends.mkldnn.flags(enabled=uses_onednn):
                yield layout


def relative(tensor, exact):
    """The largest difference of two tensors, divided by the largest magnitude."""
    return ((tensor.detach().double() - exact.detach()).abs().max() / exact.detach().abs().max()).item()


def rounded(deviation):
    return float(f"{deviation:.2g}")


def single(network, images, exact):
    """Of the logits of a network, which are `exact` in double precision, when single precision computes them."""
    largest = 0
    with torch.inference_mode():
        for layout in ways():
            model = copy.deepcopy(network).float().to(memory_format=layout)
            x = images.float().contiguous(memory_format=layout)
            largest = max(largest, relative(model(x), exact), relative(torch.cat([model(one) for one in x.split(1)]), exact))
    return largest


def half(network, images, exact):
    """The same where autocast has bf16 compute features, and single precision the last layer."""
    largest = 0
    with torch.inference_mode():
        for layout in (torch.contiguous_format, torch.channels_last):
            model = copy.deepcopy(network).float().to(memory_format=layout)
            x = images.float().contiguous(memory_format=layout)
            with torch.autocast("cpu", torch.bfloat16):
                features = model.forward_head(model.forward_features(x), pre_logits=True)
            largest = max(largest, relative(model.get_classifier()(features.float()), exact))
    return largest
