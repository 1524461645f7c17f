import FunMatchTorch

/// What networks make of a batch of whole images.
struct SeenImages {
  /// The logits of the network that is evaluated, (N, classes), on the CPU.
  let logits: Tensor
  /// Which of the images it could see.
  let whole: Set<Int>
  /// The teachers' common logits, and which images all of them could see; `nil` where they are known from before.
  let teacher: (logits: Tensor, whole: Set<Int>)?

  init(_ logits: Tensor, _ whole: Set<Int>, _ teacher: (logits: Tensor, whole: Set<Int>)?) {
    (self.logits, self.whole, self.teacher) = (logits, whole, teacher)
  }

  /// Tells all processes what each has seen. Rows behind those of a batch that is not full say nothing.
  ///
  /// - Parameters:
  ///   - own: what this one has seen; `nil` where no batch was left for it.
  ///   - count: images of a full batch.
  /// - Throws: `TorchError` when another process is gone.
  static func exchanged(
    _ own: SeenImages?, of count: Int, classes: Int, teacherClasses: Int?, _ group: ProcessGroup
  ) throws -> [SeenImages?] {
    func padded(_ logits: Tensor) -> Tensor {
      let missing = count - logits.shape[0]
      guard missing > 0 else { return logits }
      return .concatenated([logits, .zeros([missing, logits.shape[1]])])
    }
    func marks(_ whole: Set<Int>) -> Tensor {
      Tensor((0..<count).map { Float(whole.contains($0) ? 1 : 0) }).reshaped([count, 1])
    }
    var columns = [Tensor.full([count, 1], Double(group.wish.rawValue))]
    if let own {
      columns += [marks(own.whole), padded(own.logits)]
      if let teacher = own.teacher { columns += [marks(teacher.whole), padded(teacher.logits)] }
    } else {
      columns.append(.zeros([count, 1 + classes + (teacherClasses.map { 1 + $0 } ?? 0)]))
    }
    let all = try group.allGather(.concatenated(columns, 1))
    return (0..<group.size).map { rank in
      let table = all.narrowed(0, rank..<rank + 1).reshaped([count, all.shape[2]])
      func values(_ column: Int) -> [Float] {
        table.narrowed(1, column..<column + 1).reshaped([count]).array(as: Float.self)
      }
      func marked(_ column: Int) -> Set<Int> {
        let values = values(column)
        return Set(values.indices.filter { values[$0] > 0 })
      }
      group.agree(values(0)[0])
      return SeenImages(
        table.narrowed(1, 2..<2 + classes), marked(1),
        teacherClasses.map { _ in
          (table.narrowed(1, 3 + classes..<table.shape[1]).clone(), marked(2 + classes))
        })
    }
  }
}
