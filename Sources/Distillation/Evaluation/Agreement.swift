import FunMatchTorch

/// Whether a student ranks the teacher's first choice among its own first `k`.
///
/// Source: big_vision `evaluators/proj/distill/distance.py`, kind `agree`. Among equal logits the
/// lowest class comes first.
public func agreement(student: Tensor, teacher: Tensor, k: Int = 1) -> [Bool] {
  zip(LogitRow.rows(student), LogitRow.rows(teacher)).map { $0.rank(of: $1.choice) < k }
}
