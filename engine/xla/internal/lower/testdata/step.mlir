module @stride attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<4x1x8x8xf32>, %arg1: tensor<4xf32>, %arg2: tensor<2xf32>, %arg3: tensor<2x1x3x3xf32> {tf.aliasing_output = 1 : i32}, %arg4: tensor<2xf32> {tf.aliasing_output = 2 : i32}, %arg5: tensor<2xf32> {tf.aliasing_output = 3 : i32}, %arg6: tensor<3x18xf32> {tf.aliasing_output = 4 : i32}) -> (tensor<f32>, tensor<2x1x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3x18xf32>) {
    %0 = stablehlo.convolution(%arg0, %arg3) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {stride = [1, 1], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<4x1x8x8xf32>, tensor<2x1x3x3xf32>) -> tensor<4x2x6x6xf32>
    %1 = stablehlo.constant dense<0.0e+00> : tensor<f32>
    %2 = "stablehlo.reduce"(%0, %1) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%3: tensor<f32>, %4: tensor<f32>):
      %5 = stablehlo.add %3, %4 : tensor<f32>
      stablehlo.return %5 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %6 = stablehlo.constant dense<1.44e+02> : tensor<2xf32>
    %7 = stablehlo.divide %2, %6 : tensor<2xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %9 = stablehlo.subtract %0, %8 : tensor<4x2x6x6xf32>
    %10 = stablehlo.multiply %9, %9 : tensor<4x2x6x6xf32>
    %11 = "stablehlo.reduce"(%10, %1) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%12: tensor<f32>, %13: tensor<f32>):
      %14 = stablehlo.add %12, %13 : tensor<f32>
      stablehlo.return %14 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %15 = stablehlo.divide %11, %6 : tensor<2xf32>
    %16 = stablehlo.reshape %7 : (tensor<2xf32>) -> tensor<1x2xf32>
    %17 = stablehlo.reshape %15 : (tensor<2xf32>) -> tensor<1x2xf32>
    %18 = stablehlo.concatenate %16, %17, dim = 0 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
    %19 = stablehlo.slice %18 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %20 = stablehlo.reshape %19 : (tensor<1x2xf32>) -> tensor<2xf32>
    %21 = stablehlo.constant dense<1.0e-05> : tensor<2xf32>
    %22 = stablehlo.add %20, %21 : tensor<2xf32>
    %23 = stablehlo.sqrt %22 : tensor<2xf32>
    %24 = stablehlo.divide %arg4, %23 : tensor<2xf32>
    %25 = stablehlo.slice %18 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %26 = stablehlo.reshape %25 : (tensor<1x2xf32>) -> tensor<2xf32>
    %27 = stablehlo.broadcast_in_dim %26, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %28 = stablehlo.subtract %0, %27 : tensor<4x2x6x6xf32>
    %29 = stablehlo.broadcast_in_dim %24, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %30 = stablehlo.multiply %28, %29 : tensor<4x2x6x6xf32>
    %31 = stablehlo.broadcast_in_dim %arg5, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %32 = stablehlo.add %30, %31 : tensor<4x2x6x6xf32>
    %33 = stablehlo.constant dense<0.0e+00> : tensor<4x2x6x6xf32>
    %34 = stablehlo.maximum %32, %33 : tensor<4x2x6x6xf32>
    %35 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %36 = "stablehlo.reduce_window"(%34, %35) <{padding = dense<[[0, 0], [0, 0], [0, 0], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>, window_dilations = array<i64: 1, 1, 1, 1>}> ({
    ^bb0(%37: tensor<f32>, %38: tensor<f32>):
      %39 = stablehlo.maximum %37, %38 : tensor<f32>
      stablehlo.return %39 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<4x2x3x3xf32>)
    %40 = stablehlo.reshape %36 : (tensor<4x2x3x3xf32>) -> tensor<4x18xf32>
    %41 = stablehlo.slice %arg2 [0:1] : (tensor<2xf32>) -> tensor<1xf32>
    %42 = stablehlo.reshape %41 : (tensor<1xf32>) -> tensor<f32>
    %43 = stablehlo.convert %42 : (tensor<f32>) -> tensor<ui64>
    %44 = stablehlo.constant dense<24> : tensor<ui64>
    %45 = stablehlo.shift_left %43, %44 : tensor<ui64>
    %46 = stablehlo.slice %arg2 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %47 = stablehlo.reshape %46 : (tensor<1xf32>) -> tensor<f32>
    %48 = stablehlo.convert %47 : (tensor<f32>) -> tensor<ui64>
    %49 = stablehlo.or %45, %48 : tensor<ui64>
    %50 = stablehlo.constant dense<7> : tensor<ui64>
    %51 = stablehlo.constant dense<11400714819323198485> : tensor<ui64>
    %52 = stablehlo.add %49, %51 : tensor<ui64>
    %53 = stablehlo.constant dense<30> : tensor<ui64>
    %54 = stablehlo.shift_right_logical %52, %53 : tensor<ui64>
    %55 = stablehlo.xor %52, %54 : tensor<ui64>
    %56 = stablehlo.constant dense<13787848793156543929> : tensor<ui64>
    %57 = stablehlo.multiply %55, %56 : tensor<ui64>
    %58 = stablehlo.constant dense<27> : tensor<ui64>
    %59 = stablehlo.shift_right_logical %57, %58 : tensor<ui64>
    %60 = stablehlo.xor %57, %59 : tensor<ui64>
    %61 = stablehlo.constant dense<10723151780598845931> : tensor<ui64>
    %62 = stablehlo.multiply %60, %61 : tensor<ui64>
    %63 = stablehlo.constant dense<31> : tensor<ui64>
    %64 = stablehlo.shift_right_logical %62, %63 : tensor<ui64>
    %65 = stablehlo.xor %62, %64 : tensor<ui64>
    %66 = stablehlo.xor %50, %65 : tensor<ui64>
    %67 = stablehlo.constant dense<4294967295> : tensor<ui64>
    %68 = stablehlo.and %66, %67 : tensor<ui64>
    %69 = stablehlo.convert %68 : (tensor<ui64>) -> tensor<ui32>
    %70 = stablehlo.constant dense<32> : tensor<ui64>
    %71 = stablehlo.shift_right_logical %66, %70 : tensor<ui64>
    %72 = stablehlo.convert %71 : (tensor<ui64>) -> tensor<ui32>
    %73 = stablehlo.iota dim = 0 : tensor<72xui32>
    %74 = stablehlo.broadcast_in_dim %69, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %75 = stablehlo.xor %73, %74 : tensor<72xui32>
    %76 = stablehlo.constant dense<16> : tensor<72xui32>
    %77 = stablehlo.shift_right_logical %75, %76 : tensor<72xui32>
    %78 = stablehlo.xor %75, %77 : tensor<72xui32>
    %79 = stablehlo.constant dense<2146121005> : tensor<72xui32>
    %80 = stablehlo.multiply %78, %79 : tensor<72xui32>
    %81 = stablehlo.constant dense<15> : tensor<72xui32>
    %82 = stablehlo.shift_right_logical %80, %81 : tensor<72xui32>
    %83 = stablehlo.xor %80, %82 : tensor<72xui32>
    %84 = stablehlo.constant dense<2221713035> : tensor<72xui32>
    %85 = stablehlo.multiply %83, %84 : tensor<72xui32>
    %86 = stablehlo.shift_right_logical %85, %76 : tensor<72xui32>
    %87 = stablehlo.xor %85, %86 : tensor<72xui32>
    %88 = stablehlo.broadcast_in_dim %72, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %89 = stablehlo.add %87, %88 : tensor<72xui32>
    %90 = stablehlo.shift_right_logical %89, %76 : tensor<72xui32>
    %91 = stablehlo.xor %89, %90 : tensor<72xui32>
    %92 = stablehlo.multiply %91, %79 : tensor<72xui32>
    %93 = stablehlo.shift_right_logical %92, %81 : tensor<72xui32>
    %94 = stablehlo.xor %92, %93 : tensor<72xui32>
    %95 = stablehlo.multiply %94, %84 : tensor<72xui32>
    %96 = stablehlo.shift_right_logical %95, %76 : tensor<72xui32>
    %97 = stablehlo.xor %95, %96 : tensor<72xui32>
    %98 = stablehlo.constant dense<8388608> : tensor<72xui32>
    %99 = stablehlo.constant dense<8> : tensor<72xui32>
    %100 = stablehlo.shift_right_logical %97, %99 : tensor<72xui32>
    %101 = stablehlo.compare GE, %100, %98 : (tensor<72xui32>, tensor<72xui32>) -> tensor<72xi1>
    %102 = stablehlo.reshape %101 : (tensor<72xi1>) -> tensor<4x18xi1>
    %103 = stablehlo.constant dense<2.0e+00> : tensor<4x18xf32>
    %104 = stablehlo.multiply %40, %103 : tensor<4x18xf32>
    %105 = stablehlo.constant dense<0.0e+00> : tensor<4x18xf32>
    %106 = stablehlo.select %102, %104, %105 : tensor<4x18xi1>, tensor<4x18xf32>
    %107 = stablehlo.dot_general %106, %arg6, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<4x18xf32>, tensor<3x18xf32>) -> tensor<4x3xf32>
    %108 = "stablehlo.reduce"(%107, %35) <{dimensions = array<i64: 1>}> ({
    ^bb0(%109: tensor<f32>, %110: tensor<f32>):
      %111 = stablehlo.maximum %109, %110 : tensor<f32>
      stablehlo.return %111 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %112 = stablehlo.broadcast_in_dim %108, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %113 = stablehlo.subtract %107, %112 : tensor<4x3xf32>
    %114 = stablehlo.exponential %113 : tensor<4x3xf32>
    %115 = "stablehlo.reduce"(%114, %1) <{dimensions = array<i64: 1>}> ({
    ^bb0(%116: tensor<f32>, %117: tensor<f32>):
      %118 = stablehlo.add %116, %117 : tensor<f32>
      stablehlo.return %118 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %119 = stablehlo.log %115 : tensor<4xf32>
    %120 = stablehlo.broadcast_in_dim %119, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %121 = stablehlo.subtract %113, %120 : tensor<4x3xf32>
    %122 = stablehlo.iota dim = 1 : tensor<4x3xf32>
    %123 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %124 = stablehlo.compare EQ, %122, %123 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xi1>
    %125 = stablehlo.constant dense<0.0e+00> : tensor<4x3xf32>
    %126 = stablehlo.select %124, %121, %125 : tensor<4x3xi1>, tensor<4x3xf32>
    %127 = "stablehlo.reduce"(%126, %1) <{dimensions = array<i64: 1>}> ({
    ^bb0(%128: tensor<f32>, %129: tensor<f32>):
      %130 = stablehlo.add %128, %129 : tensor<f32>
      stablehlo.return %130 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %131 = stablehlo.negate %127 : tensor<4xf32>
    %132 = stablehlo.constant dense<0.0e+00> : tensor<4xf32>
    %133 = stablehlo.compare GE, %arg1, %132 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %134 = stablehlo.constant dense<3.0e+00> : tensor<4xf32>
    %135 = stablehlo.compare LT, %arg1, %134 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %136 = stablehlo.and %133, %135 : tensor<4xi1>
    %137 = stablehlo.floor %arg1 : tensor<4xf32>
    %138 = stablehlo.compare EQ, %arg1, %137 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %139 = stablehlo.and %136, %138 : tensor<4xi1>
    %140 = stablehlo.constant dense<0x7FC00000> : tensor<4xf32>
    %141 = stablehlo.select %139, %131, %140 : tensor<4xi1>, tensor<4xf32>
    %142 = "stablehlo.reduce"(%141, %1) <{dimensions = array<i64: 0>}> ({
    ^bb0(%143: tensor<f32>, %144: tensor<f32>):
      %145 = stablehlo.add %143, %144 : tensor<f32>
      stablehlo.return %145 : tensor<f32>
    }) : (tensor<4xf32>, tensor<f32>) -> (tensor<f32>)
    %146 = stablehlo.constant dense<4.0e+00> : tensor<f32>
    %147 = stablehlo.divide %142, %146 : tensor<f32>
    %148 = stablehlo.constant dense<1.0e+00> : tensor<f32>
    %149 = stablehlo.reshape %148 : (tensor<f32>) -> tensor<1xf32>
    %150 = stablehlo.constant dense<2.5e-01> : tensor<f32>
    %151 = stablehlo.broadcast_in_dim %150, dims = [] : (tensor<f32>) -> tensor<1xf32>
    %152 = stablehlo.multiply %149, %151 : tensor<1xf32>
    %153 = stablehlo.broadcast_in_dim %152, dims = [0] : (tensor<1xf32>) -> tensor<4xf32>
    %154 = stablehlo.iota dim = 1 : tensor<4x3xf32>
    %155 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %156 = stablehlo.compare EQ, %154, %155 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xi1>
    %157 = stablehlo.convert %156 : (tensor<4x3xi1>) -> tensor<4x3xf32>
    %158 = "stablehlo.reduce"(%107, %35) <{dimensions = array<i64: 1>}> ({
    ^bb0(%159: tensor<f32>, %160: tensor<f32>):
      %161 = stablehlo.maximum %159, %160 : tensor<f32>
      stablehlo.return %161 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %162 = stablehlo.broadcast_in_dim %158, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %163 = stablehlo.subtract %107, %162 : tensor<4x3xf32>
    %164 = stablehlo.exponential %163 : tensor<4x3xf32>
    %165 = "stablehlo.reduce"(%164, %1) <{dimensions = array<i64: 1>}> ({
    ^bb0(%166: tensor<f32>, %167: tensor<f32>):
      %168 = stablehlo.add %166, %167 : tensor<f32>
      stablehlo.return %168 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %169 = stablehlo.broadcast_in_dim %165, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %170 = stablehlo.divide %164, %169 : tensor<4x3xf32>
    %171 = stablehlo.subtract %170, %157 : tensor<4x3xf32>
    %172 = stablehlo.compare GE, %arg1, %132 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %173 = stablehlo.compare LT, %arg1, %134 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %174 = stablehlo.and %172, %173 : tensor<4xi1>
    %175 = stablehlo.floor %arg1 : tensor<4xf32>
    %176 = stablehlo.compare EQ, %arg1, %175 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %177 = stablehlo.and %174, %176 : tensor<4xi1>
    %178 = stablehlo.select %177, %153, %140 : tensor<4xi1>, tensor<4xf32>
    %179 = stablehlo.broadcast_in_dim %178, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %180 = stablehlo.multiply %171, %179 : tensor<4x3xf32>
    %181 = stablehlo.dot_general %180, %arg6, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<4x3xf32>, tensor<3x18xf32>) -> tensor<4x18xf32>
    %182 = stablehlo.dot_general %180, %106, contracting_dims = [0] x [0], precision = [HIGHEST, HIGHEST] : (tensor<4x3xf32>, tensor<4x18xf32>) -> tensor<3x18xf32>
    %183 = stablehlo.slice %arg2 [0:1] : (tensor<2xf32>) -> tensor<1xf32>
    %184 = stablehlo.reshape %183 : (tensor<1xf32>) -> tensor<f32>
    %185 = stablehlo.convert %184 : (tensor<f32>) -> tensor<ui64>
    %186 = stablehlo.shift_left %185, %44 : tensor<ui64>
    %187 = stablehlo.slice %arg2 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %188 = stablehlo.reshape %187 : (tensor<1xf32>) -> tensor<f32>
    %189 = stablehlo.convert %188 : (tensor<f32>) -> tensor<ui64>
    %190 = stablehlo.or %186, %189 : tensor<ui64>
    %191 = stablehlo.add %190, %51 : tensor<ui64>
    %192 = stablehlo.shift_right_logical %191, %53 : tensor<ui64>
    %193 = stablehlo.xor %191, %192 : tensor<ui64>
    %194 = stablehlo.multiply %193, %56 : tensor<ui64>
    %195 = stablehlo.shift_right_logical %194, %58 : tensor<ui64>
    %196 = stablehlo.xor %194, %195 : tensor<ui64>
    %197 = stablehlo.multiply %196, %61 : tensor<ui64>
    %198 = stablehlo.shift_right_logical %197, %63 : tensor<ui64>
    %199 = stablehlo.xor %197, %198 : tensor<ui64>
    %200 = stablehlo.xor %50, %199 : tensor<ui64>
    %201 = stablehlo.and %200, %67 : tensor<ui64>
    %202 = stablehlo.convert %201 : (tensor<ui64>) -> tensor<ui32>
    %203 = stablehlo.shift_right_logical %200, %70 : tensor<ui64>
    %204 = stablehlo.convert %203 : (tensor<ui64>) -> tensor<ui32>
    %205 = stablehlo.iota dim = 0 : tensor<72xui32>
    %206 = stablehlo.broadcast_in_dim %202, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %207 = stablehlo.xor %205, %206 : tensor<72xui32>
    %208 = stablehlo.shift_right_logical %207, %76 : tensor<72xui32>
    %209 = stablehlo.xor %207, %208 : tensor<72xui32>
    %210 = stablehlo.multiply %209, %79 : tensor<72xui32>
    %211 = stablehlo.shift_right_logical %210, %81 : tensor<72xui32>
    %212 = stablehlo.xor %210, %211 : tensor<72xui32>
    %213 = stablehlo.multiply %212, %84 : tensor<72xui32>
    %214 = stablehlo.shift_right_logical %213, %76 : tensor<72xui32>
    %215 = stablehlo.xor %213, %214 : tensor<72xui32>
    %216 = stablehlo.broadcast_in_dim %204, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %217 = stablehlo.add %215, %216 : tensor<72xui32>
    %218 = stablehlo.shift_right_logical %217, %76 : tensor<72xui32>
    %219 = stablehlo.xor %217, %218 : tensor<72xui32>
    %220 = stablehlo.multiply %219, %79 : tensor<72xui32>
    %221 = stablehlo.shift_right_logical %220, %81 : tensor<72xui32>
    %222 = stablehlo.xor %220, %221 : tensor<72xui32>
    %223 = stablehlo.multiply %222, %84 : tensor<72xui32>
    %224 = stablehlo.shift_right_logical %223, %76 : tensor<72xui32>
    %225 = stablehlo.xor %223, %224 : tensor<72xui32>
    %226 = stablehlo.shift_right_logical %225, %99 : tensor<72xui32>
    %227 = stablehlo.compare GE, %226, %98 : (tensor<72xui32>, tensor<72xui32>) -> tensor<72xi1>
    %228 = stablehlo.reshape %227 : (tensor<72xi1>) -> tensor<4x18xi1>
    %229 = stablehlo.multiply %181, %103 : tensor<4x18xf32>
    %230 = stablehlo.select %228, %229, %105 : tensor<4x18xi1>, tensor<4x18xf32>
    %231 = stablehlo.reshape %230 : (tensor<4x18xf32>) -> tensor<4x2x3x3xf32>
    %232 = stablehlo.constant dense<0xFF800000> : tensor<4x2x3x3xf32>
    %233 = stablehlo.constant dense<255> : tensor<4x2x3x3xui8>
    %234 = stablehlo.slice %34 [0:4, 0:2, 0:5, 0:5] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %235 = stablehlo.slice %234 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %236 = stablehlo.constant dense<0> : tensor<i32>
    %237 = stablehlo.constant dense<0> : tensor<4x2x3x3xui8>
    %238 = stablehlo.compare LE, %235, %232 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %239 = stablehlo.not %238 : tensor<4x2x3x3xi1>
    %240 = stablehlo.compare NE, %232, %232 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %241 = stablehlo.not %240 : tensor<4x2x3x3xi1>
    %242 = stablehlo.and %239, %241 : tensor<4x2x3x3xi1>
    %243 = stablehlo.compare EQ, %233, %233 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %244 = stablehlo.or %242, %243 : tensor<4x2x3x3xi1>
    %245 = stablehlo.select %244, %235, %232 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %246 = stablehlo.select %244, %237, %233 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %247 = stablehlo.slice %34 [0:4, 0:2, 0:5, 1:6] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %248 = stablehlo.slice %247 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %249 = stablehlo.constant dense<1> : tensor<i32>
    %250 = stablehlo.constant dense<1> : tensor<4x2x3x3xui8>
    %251 = stablehlo.compare LE, %248, %245 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %252 = stablehlo.not %251 : tensor<4x2x3x3xi1>
    %253 = stablehlo.compare NE, %245, %245 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %254 = stablehlo.not %253 : tensor<4x2x3x3xi1>
    %255 = stablehlo.and %252, %254 : tensor<4x2x3x3xi1>
    %256 = stablehlo.compare EQ, %246, %233 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %257 = stablehlo.or %255, %256 : tensor<4x2x3x3xi1>
    %258 = stablehlo.select %257, %248, %245 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %259 = stablehlo.select %257, %250, %246 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %260 = stablehlo.slice %34 [0:4, 0:2, 1:6, 0:5] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %261 = stablehlo.slice %260 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %262 = stablehlo.constant dense<2> : tensor<4x2x3x3xui8>
    %263 = stablehlo.compare LE, %261, %258 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %264 = stablehlo.not %263 : tensor<4x2x3x3xi1>
    %265 = stablehlo.compare NE, %258, %258 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %266 = stablehlo.not %265 : tensor<4x2x3x3xi1>
    %267 = stablehlo.and %264, %266 : tensor<4x2x3x3xi1>
    %268 = stablehlo.compare EQ, %259, %233 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %269 = stablehlo.or %267, %268 : tensor<4x2x3x3xi1>
    %270 = stablehlo.select %269, %261, %258 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %271 = stablehlo.select %269, %262, %259 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %272 = stablehlo.slice %34 [0:4, 0:2, 1:6, 1:6] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %273 = stablehlo.slice %272 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %274 = stablehlo.constant dense<3> : tensor<4x2x3x3xui8>
    %275 = stablehlo.compare LE, %273, %270 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %276 = stablehlo.not %275 : tensor<4x2x3x3xi1>
    %277 = stablehlo.compare NE, %270, %270 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %278 = stablehlo.not %277 : tensor<4x2x3x3xi1>
    %279 = stablehlo.and %276, %278 : tensor<4x2x3x3xi1>
    %280 = stablehlo.compare EQ, %271, %233 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %281 = stablehlo.or %279, %280 : tensor<4x2x3x3xi1>
    %282 = stablehlo.select %281, %273, %270 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %283 = stablehlo.select %281, %274, %271 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %284 = stablehlo.optimization_barrier %283 : tensor<4x2x3x3xui8>
    %285 = stablehlo.compare EQ, %284, %237 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %286 = stablehlo.constant dense<0.0e+00> : tensor<4x2x3x3xf32>
    %287 = stablehlo.select %285, %231, %286 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %288 = stablehlo.pad %287, %1, low = [0, 0, 0, 0], high = [0, 0, 1, 1], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %289 = stablehlo.compare EQ, %284, %250 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %290 = stablehlo.select %289, %231, %286 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %291 = stablehlo.pad %290, %1, low = [0, 0, 0, 1], high = [0, 0, 1, 0], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %292 = stablehlo.add %288, %291 : tensor<4x2x6x6xf32>
    %293 = stablehlo.compare EQ, %284, %262 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %294 = stablehlo.select %293, %231, %286 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %295 = stablehlo.pad %294, %1, low = [0, 0, 1, 0], high = [0, 0, 0, 1], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %296 = stablehlo.add %292, %295 : tensor<4x2x6x6xf32>
    %297 = stablehlo.compare EQ, %284, %274 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %298 = stablehlo.select %297, %231, %286 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %299 = stablehlo.pad %298, %1, low = [0, 0, 1, 1], high = [0, 0, 0, 0], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %300 = stablehlo.add %296, %299 : tensor<4x2x6x6xf32>
    %301 = stablehlo.compare GT, %34, %33 : (tensor<4x2x6x6xf32>, tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xi1>
    %302 = stablehlo.select %301, %300, %33 : tensor<4x2x6x6xi1>, tensor<4x2x6x6xf32>
    %303 = stablehlo.slice %18 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %304 = stablehlo.reshape %303 : (tensor<1x2xf32>) -> tensor<2xf32>
    %305 = stablehlo.broadcast_in_dim %304, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %306 = stablehlo.subtract %0, %305 : tensor<4x2x6x6xf32>
    %307 = stablehlo.multiply %302, %306 : tensor<4x2x6x6xf32>
    %308 = "stablehlo.reduce"(%307, %1) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%309: tensor<f32>, %310: tensor<f32>):
      %311 = stablehlo.add %309, %310 : tensor<f32>
      stablehlo.return %311 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %312 = stablehlo.slice %18 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %313 = stablehlo.reshape %312 : (tensor<1x2xf32>) -> tensor<2xf32>
    %314 = stablehlo.add %313, %21 : tensor<2xf32>
    %315 = stablehlo.sqrt %314 : tensor<2xf32>
    %316 = stablehlo.divide %308, %315 : tensor<2xf32>
    %317 = "stablehlo.reduce"(%302, %1) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%318: tensor<f32>, %319: tensor<f32>):
      %320 = stablehlo.add %318, %319 : tensor<f32>
      stablehlo.return %320 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %321 = stablehlo.reshape %316 : (tensor<2xf32>) -> tensor<1x2xf32>
    %322 = stablehlo.reshape %317 : (tensor<2xf32>) -> tensor<1x2xf32>
    %323 = stablehlo.concatenate %321, %322, dim = 0 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
    %324 = stablehlo.slice %18 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %325 = stablehlo.reshape %324 : (tensor<1x2xf32>) -> tensor<2xf32>
    %326 = stablehlo.add %325, %21 : tensor<2xf32>
    %327 = stablehlo.sqrt %326 : tensor<2xf32>
    %328 = stablehlo.divide %arg4, %327 : tensor<2xf32>
    %329 = stablehlo.broadcast_in_dim %328, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %330 = stablehlo.slice %18 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %331 = stablehlo.reshape %330 : (tensor<1x2xf32>) -> tensor<2xf32>
    %332 = stablehlo.broadcast_in_dim %331, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %333 = stablehlo.subtract %0, %332 : tensor<4x2x6x6xf32>
    %334 = stablehlo.slice %323 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %335 = stablehlo.reshape %334 : (tensor<1x2xf32>) -> tensor<2xf32>
    %336 = stablehlo.divide %335, %6 : tensor<2xf32>
    %337 = stablehlo.divide %336, %327 : tensor<2xf32>
    %338 = stablehlo.broadcast_in_dim %337, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %339 = stablehlo.slice %323 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %340 = stablehlo.reshape %339 : (tensor<1x2xf32>) -> tensor<2xf32>
    %341 = stablehlo.divide %340, %6 : tensor<2xf32>
    %342 = stablehlo.broadcast_in_dim %341, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %343 = stablehlo.subtract %302, %342 : tensor<4x2x6x6xf32>
    %344 = stablehlo.multiply %333, %338 : tensor<4x2x6x6xf32>
    %345 = stablehlo.subtract %343, %344 : tensor<4x2x6x6xf32>
    %346 = stablehlo.multiply %329, %345 : tensor<4x2x6x6xf32>
    %347 = stablehlo.slice %323 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %348 = stablehlo.reshape %347 : (tensor<1x2xf32>) -> tensor<2xf32>
    %349 = stablehlo.slice %323 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %350 = stablehlo.reshape %349 : (tensor<1x2xf32>) -> tensor<2xf32>
    %351 = stablehlo.convolution(%arg0, %346) dim_numbers = [f, b, 0, 1]x[i, o, 0, 1]->[f, b, 0, 1], window = {stride = [1, 1], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<4x1x8x8xf32>, tensor<4x2x6x6xf32>) -> tensor<2x1x3x3xf32>
    %352 = stablehlo.constant dense<1.0e-01> : tensor<f32>
    %353 = stablehlo.broadcast_in_dim %352, dims = [] : (tensor<f32>) -> tensor<2x1x3x3xf32>
    %354 = stablehlo.multiply %351, %353 : tensor<2x1x3x3xf32>
    %355 = stablehlo.subtract %arg3, %354 : tensor<2x1x3x3xf32>
    %356 = stablehlo.broadcast_in_dim %352, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %357 = stablehlo.multiply %348, %356 : tensor<2xf32>
    %358 = stablehlo.subtract %arg4, %357 : tensor<2xf32>
    %359 = stablehlo.broadcast_in_dim %352, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %360 = stablehlo.multiply %350, %359 : tensor<2xf32>
    %361 = stablehlo.subtract %arg5, %360 : tensor<2xf32>
    %362 = stablehlo.broadcast_in_dim %352, dims = [] : (tensor<f32>) -> tensor<3x18xf32>
    %363 = stablehlo.multiply %182, %362 : tensor<3x18xf32>
    %364 = stablehlo.subtract %arg6, %363 : tensor<3x18xf32>
    return %147, %355, %358, %361, %364 : tensor<f32>, tensor<2x1x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3x18xf32>
  }
}
