from cvfast.config import available_isas as available_isas
from cvfast.config import build_config as build_config
from cvfast.config import get_isa as get_isa
from cvfast.config import get_num_threads as get_num_threads
from cvfast.config import set_num_threads as set_num_threads
from cvfast.effects.retouch import retouch as retouch
from cvfast.effects.video import retouch_video as retouch_video
from cvfast.faces.detectors import detect as detect
from cvfast.faces.fitting import landmarks as landmarks
from cvfast.faces.types import Faces as Faces
from cvfast.faces.types import Landmarks as Landmarks
from cvfast.kernels.nms import batched_nms as batched_nms
from cvfast.kernels.nms import iou as iou
from cvfast.kernels.nms import nms as nms
from cvfast.kernels.nms import soft_nms as soft_nms
from cvfast.kernels.pca import PCA as PCA
from cvfast.kernels.tps import ThinPlateSpline as ThinPlateSpline
from cvfast.kernels.warp import local_rotate as local_rotate
from cvfast.kernels.warp import local_scale as local_scale
from cvfast.kernels.warp import local_translate as local_translate
from cvfast.recognition.average import average_face as average_face
from cvfast.recognition.eigenfaces import Eigenfaces as Eigenfaces
from cvfast.recognition.fisherfaces import Fisherfaces as Fisherfaces
from cvfast.recognition.lbph import LBPH as LBPH
from cvfast.tryon.classic import try_on as try_on

__version__: str
__all__: list[str]
