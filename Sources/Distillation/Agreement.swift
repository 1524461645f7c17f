import FunMatchTorch

/// Whether a student ranks the teacher's first choice among its own first `k`.
///
/// Source: big_vision `evaluators/proj/distill/distance.py`, kind `agree`. Among equal logits the
/// lowest class comes first.
public func agreement(student: Tensor, teacher: Tensor, k: Int = 1) -> [Bool] {
  let choices = teacher.argmax().array(as: Int64.self)
  let ranking = student.sortedIndicesDescending().narrowed(1, 0..<min(k, student.shape[1]))
  let ranks = ranking.array(as: Int64.self)
  let width = ranking.shape[1]
  return choices.indices.map { ranks[$0 * width..<($0 + 1) * width].contains(choices[$0]) }
}
