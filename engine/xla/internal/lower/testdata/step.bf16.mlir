module @stride attributes {mhlo.num_partitions = 2 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<4x1x8x8xf32> {mhlo.sharding = "{devices=[2,1,1,1]<=[2]}"}, %arg1: tensor<4xf32> {mhlo.sharding = "{devices=[2]<=[2]}"}, %arg2: tensor<2xf32> {mhlo.sharding = "{replicated}"}, %arg3: tensor<2x1x3x3xf32> {mhlo.sharding = "{replicated}", tf.aliasing_output = 1 : i32}, %arg4: tensor<2xf32> {mhlo.sharding = "{replicated}", tf.aliasing_output = 2 : i32}, %arg5: tensor<2xf32> {mhlo.sharding = "{replicated}", tf.aliasing_output = 3 : i32}, %arg6: tensor<3x18xf32> {mhlo.sharding = "{replicated}", tf.aliasing_output = 4 : i32}) -> (tensor<f32> {mhlo.sharding = "{replicated}"}, tensor<2x1x3x3xf32> {mhlo.sharding = "{replicated}"}, tensor<2xf32> {mhlo.sharding = "{replicated}"}, tensor<2xf32> {mhlo.sharding = "{replicated}"}, tensor<3x18xf32> {mhlo.sharding = "{replicated}"}) {
    %0 = stablehlo.convert %arg0 : (tensor<4x1x8x8xf32>) -> tensor<4x1x8x8xbf16>
    %1 = stablehlo.convert %arg3 : (tensor<2x1x3x3xf32>) -> tensor<2x1x3x3xbf16>
    %2 = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {stride = [1, 1], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<4x1x8x8xbf16>, tensor<2x1x3x3xbf16>) -> tensor<4x2x6x6xbf16>
    %3 = stablehlo.convert %2 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %4 = stablehlo.convert %2 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %5 = stablehlo.constant dense<0.0e+00> : tensor<f32>
    %6 = "stablehlo.reduce"(%4, %5) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%7: tensor<f32>, %8: tensor<f32>):
      %9 = stablehlo.add %7, %8 : tensor<f32>
      stablehlo.return %9 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %10 = stablehlo.constant dense<1.44e+02> : tensor<2xf32>
    %11 = stablehlo.divide %6, %10 : tensor<2xf32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %13 = stablehlo.subtract %4, %12 : tensor<4x2x6x6xf32>
    %14 = stablehlo.multiply %13, %13 : tensor<4x2x6x6xf32>
    %15 = "stablehlo.reduce"(%14, %5) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%16: tensor<f32>, %17: tensor<f32>):
      %18 = stablehlo.add %16, %17 : tensor<f32>
      stablehlo.return %18 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %19 = stablehlo.divide %15, %10 : tensor<2xf32>
    %20 = stablehlo.reshape %11 : (tensor<2xf32>) -> tensor<1x2xf32>
    %21 = stablehlo.reshape %19 : (tensor<2xf32>) -> tensor<1x2xf32>
    %22 = stablehlo.concatenate %20, %21, dim = 0 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
    %23 = stablehlo.slice %22 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %24 = stablehlo.reshape %23 : (tensor<1x2xf32>) -> tensor<2xf32>
    %25 = stablehlo.constant dense<1.0e-05> : tensor<2xf32>
    %26 = stablehlo.add %24, %25 : tensor<2xf32>
    %27 = stablehlo.sqrt %26 : tensor<2xf32>
    %28 = stablehlo.divide %arg4, %27 : tensor<2xf32>
    %29 = stablehlo.slice %22 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %30 = stablehlo.reshape %29 : (tensor<1x2xf32>) -> tensor<2xf32>
    %31 = stablehlo.broadcast_in_dim %30, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %32 = stablehlo.subtract %4, %31 : tensor<4x2x6x6xf32>
    %33 = stablehlo.broadcast_in_dim %28, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %34 = stablehlo.multiply %32, %33 : tensor<4x2x6x6xf32>
    %35 = stablehlo.broadcast_in_dim %arg5, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %36 = stablehlo.add %34, %35 : tensor<4x2x6x6xf32>
    %37 = stablehlo.convert %36 : (tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xbf16>
    %38 = stablehlo.convert %37 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %39 = stablehlo.constant dense<0.0e+00> : tensor<4x2x6x6xf32>
    %40 = stablehlo.maximum %38, %39 : tensor<4x2x6x6xf32>
    %41 = stablehlo.convert %40 : (tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xbf16>
    %42 = stablehlo.convert %41 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %43 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %44 = "stablehlo.reduce_window"(%42, %43) <{padding = dense<[[0, 0], [0, 0], [0, 0], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>, window_dilations = array<i64: 1, 1, 1, 1>}> ({
    ^bb0(%45: tensor<f32>, %46: tensor<f32>):
      %47 = stablehlo.maximum %45, %46 : tensor<f32>
      stablehlo.return %47 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<4x2x3x3xf32>)
    %48 = stablehlo.convert %44 : (tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xbf16>
    %49 = stablehlo.convert %48 : (tensor<4x2x3x3xbf16>) -> tensor<4x2x3x3xf32>
    %50 = stablehlo.reshape %49 : (tensor<4x2x3x3xf32>) -> tensor<4x18xf32>
    %51 = stablehlo.convert %50 : (tensor<4x18xf32>) -> tensor<4x18xbf16>
    %52 = stablehlo.convert %51 : (tensor<4x18xbf16>) -> tensor<4x18xf32>
    %53 = stablehlo.slice %arg2 [0:1] : (tensor<2xf32>) -> tensor<1xf32>
    %54 = stablehlo.reshape %53 : (tensor<1xf32>) -> tensor<f32>
    %55 = stablehlo.convert %54 : (tensor<f32>) -> tensor<ui64>
    %56 = stablehlo.constant dense<24> : tensor<ui64>
    %57 = stablehlo.shift_left %55, %56 : tensor<ui64>
    %58 = stablehlo.slice %arg2 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %59 = stablehlo.reshape %58 : (tensor<1xf32>) -> tensor<f32>
    %60 = stablehlo.convert %59 : (tensor<f32>) -> tensor<ui64>
    %61 = stablehlo.or %57, %60 : tensor<ui64>
    %62 = stablehlo.constant dense<7> : tensor<ui64>
    %63 = stablehlo.constant dense<11400714819323198485> : tensor<ui64>
    %64 = stablehlo.add %61, %63 : tensor<ui64>
    %65 = stablehlo.constant dense<30> : tensor<ui64>
    %66 = stablehlo.shift_right_logical %64, %65 : tensor<ui64>
    %67 = stablehlo.xor %64, %66 : tensor<ui64>
    %68 = stablehlo.constant dense<13787848793156543929> : tensor<ui64>
    %69 = stablehlo.multiply %67, %68 : tensor<ui64>
    %70 = stablehlo.constant dense<27> : tensor<ui64>
    %71 = stablehlo.shift_right_logical %69, %70 : tensor<ui64>
    %72 = stablehlo.xor %69, %71 : tensor<ui64>
    %73 = stablehlo.constant dense<10723151780598845931> : tensor<ui64>
    %74 = stablehlo.multiply %72, %73 : tensor<ui64>
    %75 = stablehlo.constant dense<31> : tensor<ui64>
    %76 = stablehlo.shift_right_logical %74, %75 : tensor<ui64>
    %77 = stablehlo.xor %74, %76 : tensor<ui64>
    %78 = stablehlo.xor %62, %77 : tensor<ui64>
    %79 = stablehlo.constant dense<4294967295> : tensor<ui64>
    %80 = stablehlo.and %78, %79 : tensor<ui64>
    %81 = stablehlo.convert %80 : (tensor<ui64>) -> tensor<ui32>
    %82 = stablehlo.constant dense<32> : tensor<ui64>
    %83 = stablehlo.shift_right_logical %78, %82 : tensor<ui64>
    %84 = stablehlo.convert %83 : (tensor<ui64>) -> tensor<ui32>
    %85 = stablehlo.iota dim = 0 : tensor<72xui32>
    %86 = stablehlo.broadcast_in_dim %81, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %87 = stablehlo.xor %85, %86 : tensor<72xui32>
    %88 = stablehlo.constant dense<16> : tensor<72xui32>
    %89 = stablehlo.shift_right_logical %87, %88 : tensor<72xui32>
    %90 = stablehlo.xor %87, %89 : tensor<72xui32>
    %91 = stablehlo.constant dense<2146121005> : tensor<72xui32>
    %92 = stablehlo.multiply %90, %91 : tensor<72xui32>
    %93 = stablehlo.constant dense<15> : tensor<72xui32>
    %94 = stablehlo.shift_right_logical %92, %93 : tensor<72xui32>
    %95 = stablehlo.xor %92, %94 : tensor<72xui32>
    %96 = stablehlo.constant dense<2221713035> : tensor<72xui32>
    %97 = stablehlo.multiply %95, %96 : tensor<72xui32>
    %98 = stablehlo.shift_right_logical %97, %88 : tensor<72xui32>
    %99 = stablehlo.xor %97, %98 : tensor<72xui32>
    %100 = stablehlo.broadcast_in_dim %84, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %101 = stablehlo.add %99, %100 : tensor<72xui32>
    %102 = stablehlo.shift_right_logical %101, %88 : tensor<72xui32>
    %103 = stablehlo.xor %101, %102 : tensor<72xui32>
    %104 = stablehlo.multiply %103, %91 : tensor<72xui32>
    %105 = stablehlo.shift_right_logical %104, %93 : tensor<72xui32>
    %106 = stablehlo.xor %104, %105 : tensor<72xui32>
    %107 = stablehlo.multiply %106, %96 : tensor<72xui32>
    %108 = stablehlo.shift_right_logical %107, %88 : tensor<72xui32>
    %109 = stablehlo.xor %107, %108 : tensor<72xui32>
    %110 = stablehlo.constant dense<8388608> : tensor<72xui32>
    %111 = stablehlo.constant dense<8> : tensor<72xui32>
    %112 = stablehlo.shift_right_logical %109, %111 : tensor<72xui32>
    %113 = stablehlo.compare GE, %112, %110 : (tensor<72xui32>, tensor<72xui32>) -> tensor<72xi1>
    %114 = stablehlo.reshape %113 : (tensor<72xi1>) -> tensor<4x18xi1>
    %115 = stablehlo.constant dense<2.0e+00> : tensor<4x18xf32>
    %116 = stablehlo.multiply %52, %115 : tensor<4x18xf32>
    %117 = stablehlo.constant dense<0.0e+00> : tensor<4x18xf32>
    %118 = stablehlo.select %114, %116, %117 : tensor<4x18xi1>, tensor<4x18xf32>
    %119 = stablehlo.convert %118 : (tensor<4x18xf32>) -> tensor<4x18xbf16>
    %120 = stablehlo.convert %119 : (tensor<4x18xbf16>) -> tensor<4x18xf32>
    %121 = stablehlo.convert %arg6 : (tensor<3x18xf32>) -> tensor<3x18xbf16>
    %122 = stablehlo.dot_general %119, %121, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<4x18xbf16>, tensor<3x18xbf16>) -> tensor<4x3xf32>
    %123 = "stablehlo.reduce"(%122, %43) <{dimensions = array<i64: 1>}> ({
    ^bb0(%124: tensor<f32>, %125: tensor<f32>):
      %126 = stablehlo.maximum %124, %125 : tensor<f32>
      stablehlo.return %126 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %127 = stablehlo.broadcast_in_dim %123, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %128 = stablehlo.subtract %122, %127 : tensor<4x3xf32>
    %129 = stablehlo.exponential %128 : tensor<4x3xf32>
    %130 = "stablehlo.reduce"(%129, %5) <{dimensions = array<i64: 1>}> ({
    ^bb0(%131: tensor<f32>, %132: tensor<f32>):
      %133 = stablehlo.add %131, %132 : tensor<f32>
      stablehlo.return %133 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %134 = stablehlo.log %130 : tensor<4xf32>
    %135 = stablehlo.broadcast_in_dim %134, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %136 = stablehlo.subtract %128, %135 : tensor<4x3xf32>
    %137 = stablehlo.iota dim = 1 : tensor<4x3xf32>
    %138 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %139 = stablehlo.compare EQ, %137, %138 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xi1>
    %140 = stablehlo.constant dense<0.0e+00> : tensor<4x3xf32>
    %141 = stablehlo.select %139, %136, %140 : tensor<4x3xi1>, tensor<4x3xf32>
    %142 = "stablehlo.reduce"(%141, %5) <{dimensions = array<i64: 1>}> ({
    ^bb0(%143: tensor<f32>, %144: tensor<f32>):
      %145 = stablehlo.add %143, %144 : tensor<f32>
      stablehlo.return %145 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %146 = stablehlo.negate %142 : tensor<4xf32>
    %147 = stablehlo.constant dense<0.0e+00> : tensor<4xf32>
    %148 = stablehlo.compare GE, %arg1, %147 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %149 = stablehlo.constant dense<3.0e+00> : tensor<4xf32>
    %150 = stablehlo.compare LT, %arg1, %149 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %151 = stablehlo.and %148, %150 : tensor<4xi1>
    %152 = stablehlo.floor %arg1 : tensor<4xf32>
    %153 = stablehlo.compare EQ, %arg1, %152 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %154 = stablehlo.and %151, %153 : tensor<4xi1>
    %155 = stablehlo.constant dense<0x7FC00000> : tensor<4xf32>
    %156 = stablehlo.select %154, %146, %155 : tensor<4xi1>, tensor<4xf32>
    %157 = "stablehlo.reduce"(%156, %5) <{dimensions = array<i64: 0>}> ({
    ^bb0(%158: tensor<f32>, %159: tensor<f32>):
      %160 = stablehlo.add %158, %159 : tensor<f32>
      stablehlo.return %160 : tensor<f32>
    }) : (tensor<4xf32>, tensor<f32>) -> (tensor<f32>)
    %161 = stablehlo.constant dense<4.0e+00> : tensor<f32>
    %162 = stablehlo.divide %157, %161 : tensor<f32>
    %163 = stablehlo.constant dense<1.0e+00> : tensor<f32>
    %164 = stablehlo.reshape %163 : (tensor<f32>) -> tensor<1xf32>
    %165 = stablehlo.constant dense<2.5e-01> : tensor<f32>
    %166 = stablehlo.broadcast_in_dim %165, dims = [] : (tensor<f32>) -> tensor<1xf32>
    %167 = stablehlo.multiply %164, %166 : tensor<1xf32>
    %168 = stablehlo.broadcast_in_dim %167, dims = [0] : (tensor<1xf32>) -> tensor<4xf32>
    %169 = stablehlo.iota dim = 1 : tensor<4x3xf32>
    %170 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %171 = stablehlo.compare EQ, %169, %170 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xi1>
    %172 = stablehlo.convert %171 : (tensor<4x3xi1>) -> tensor<4x3xf32>
    %173 = "stablehlo.reduce"(%122, %43) <{dimensions = array<i64: 1>}> ({
    ^bb0(%174: tensor<f32>, %175: tensor<f32>):
      %176 = stablehlo.maximum %174, %175 : tensor<f32>
      stablehlo.return %176 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %177 = stablehlo.broadcast_in_dim %173, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %178 = stablehlo.subtract %122, %177 : tensor<4x3xf32>
    %179 = stablehlo.exponential %178 : tensor<4x3xf32>
    %180 = "stablehlo.reduce"(%179, %5) <{dimensions = array<i64: 1>}> ({
    ^bb0(%181: tensor<f32>, %182: tensor<f32>):
      %183 = stablehlo.add %181, %182 : tensor<f32>
      stablehlo.return %183 : tensor<f32>
    }) : (tensor<4x3xf32>, tensor<f32>) -> (tensor<4xf32>)
    %184 = stablehlo.broadcast_in_dim %180, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %185 = stablehlo.divide %179, %184 : tensor<4x3xf32>
    %186 = stablehlo.subtract %185, %172 : tensor<4x3xf32>
    %187 = stablehlo.compare GE, %arg1, %147 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %188 = stablehlo.compare LT, %arg1, %149 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %189 = stablehlo.and %187, %188 : tensor<4xi1>
    %190 = stablehlo.floor %arg1 : tensor<4xf32>
    %191 = stablehlo.compare EQ, %arg1, %190 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    %192 = stablehlo.and %189, %191 : tensor<4xi1>
    %193 = stablehlo.select %192, %168, %155 : tensor<4xi1>, tensor<4xf32>
    %194 = stablehlo.broadcast_in_dim %193, dims = [0] : (tensor<4xf32>) -> tensor<4x3xf32>
    %195 = stablehlo.multiply %186, %194 : tensor<4x3xf32>
    %196 = stablehlo.convert %195 : (tensor<4x3xf32>) -> tensor<4x3xbf16>
    %197 = stablehlo.dot_general %196, %121, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x3xbf16>, tensor<3x18xbf16>) -> tensor<4x18xbf16>
    %198 = stablehlo.convert %197 : (tensor<4x18xbf16>) -> tensor<4x18xf32>
    %199 = stablehlo.dot_general %196, %119, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x3xbf16>, tensor<4x18xbf16>) -> tensor<3x18xf32>
    %200 = stablehlo.convert %197 : (tensor<4x18xbf16>) -> tensor<4x18xf32>
    %201 = stablehlo.slice %arg2 [0:1] : (tensor<2xf32>) -> tensor<1xf32>
    %202 = stablehlo.reshape %201 : (tensor<1xf32>) -> tensor<f32>
    %203 = stablehlo.convert %202 : (tensor<f32>) -> tensor<ui64>
    %204 = stablehlo.shift_left %203, %56 : tensor<ui64>
    %205 = stablehlo.slice %arg2 [1:2] : (tensor<2xf32>) -> tensor<1xf32>
    %206 = stablehlo.reshape %205 : (tensor<1xf32>) -> tensor<f32>
    %207 = stablehlo.convert %206 : (tensor<f32>) -> tensor<ui64>
    %208 = stablehlo.or %204, %207 : tensor<ui64>
    %209 = stablehlo.add %208, %63 : tensor<ui64>
    %210 = stablehlo.shift_right_logical %209, %65 : tensor<ui64>
    %211 = stablehlo.xor %209, %210 : tensor<ui64>
    %212 = stablehlo.multiply %211, %68 : tensor<ui64>
    %213 = stablehlo.shift_right_logical %212, %70 : tensor<ui64>
    %214 = stablehlo.xor %212, %213 : tensor<ui64>
    %215 = stablehlo.multiply %214, %73 : tensor<ui64>
    %216 = stablehlo.shift_right_logical %215, %75 : tensor<ui64>
    %217 = stablehlo.xor %215, %216 : tensor<ui64>
    %218 = stablehlo.xor %62, %217 : tensor<ui64>
    %219 = stablehlo.and %218, %79 : tensor<ui64>
    %220 = stablehlo.convert %219 : (tensor<ui64>) -> tensor<ui32>
    %221 = stablehlo.shift_right_logical %218, %82 : tensor<ui64>
    %222 = stablehlo.convert %221 : (tensor<ui64>) -> tensor<ui32>
    %223 = stablehlo.iota dim = 0 : tensor<72xui32>
    %224 = stablehlo.broadcast_in_dim %220, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %225 = stablehlo.xor %223, %224 : tensor<72xui32>
    %226 = stablehlo.shift_right_logical %225, %88 : tensor<72xui32>
    %227 = stablehlo.xor %225, %226 : tensor<72xui32>
    %228 = stablehlo.multiply %227, %91 : tensor<72xui32>
    %229 = stablehlo.shift_right_logical %228, %93 : tensor<72xui32>
    %230 = stablehlo.xor %228, %229 : tensor<72xui32>
    %231 = stablehlo.multiply %230, %96 : tensor<72xui32>
    %232 = stablehlo.shift_right_logical %231, %88 : tensor<72xui32>
    %233 = stablehlo.xor %231, %232 : tensor<72xui32>
    %234 = stablehlo.broadcast_in_dim %222, dims = [] : (tensor<ui32>) -> tensor<72xui32>
    %235 = stablehlo.add %233, %234 : tensor<72xui32>
    %236 = stablehlo.shift_right_logical %235, %88 : tensor<72xui32>
    %237 = stablehlo.xor %235, %236 : tensor<72xui32>
    %238 = stablehlo.multiply %237, %91 : tensor<72xui32>
    %239 = stablehlo.shift_right_logical %238, %93 : tensor<72xui32>
    %240 = stablehlo.xor %238, %239 : tensor<72xui32>
    %241 = stablehlo.multiply %240, %96 : tensor<72xui32>
    %242 = stablehlo.shift_right_logical %241, %88 : tensor<72xui32>
    %243 = stablehlo.xor %241, %242 : tensor<72xui32>
    %244 = stablehlo.shift_right_logical %243, %111 : tensor<72xui32>
    %245 = stablehlo.compare GE, %244, %110 : (tensor<72xui32>, tensor<72xui32>) -> tensor<72xi1>
    %246 = stablehlo.reshape %245 : (tensor<72xi1>) -> tensor<4x18xi1>
    %247 = stablehlo.multiply %200, %115 : tensor<4x18xf32>
    %248 = stablehlo.select %246, %247, %117 : tensor<4x18xi1>, tensor<4x18xf32>
    %249 = stablehlo.convert %248 : (tensor<4x18xf32>) -> tensor<4x18xbf16>
    %250 = stablehlo.convert %249 : (tensor<4x18xbf16>) -> tensor<4x18xf32>
    %251 = stablehlo.reshape %250 : (tensor<4x18xf32>) -> tensor<4x2x3x3xf32>
    %252 = stablehlo.convert %251 : (tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xbf16>
    %253 = stablehlo.convert %252 : (tensor<4x2x3x3xbf16>) -> tensor<4x2x3x3xf32>
    %254 = stablehlo.constant dense<0xFF800000> : tensor<4x2x3x3xf32>
    %255 = stablehlo.constant dense<255> : tensor<4x2x3x3xui8>
    %256 = stablehlo.slice %42 [0:4, 0:2, 0:5, 0:5] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %257 = stablehlo.slice %256 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %258 = stablehlo.constant dense<0> : tensor<i32>
    %259 = stablehlo.constant dense<0> : tensor<4x2x3x3xui8>
    %260 = stablehlo.compare LE, %257, %254 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %261 = stablehlo.not %260 : tensor<4x2x3x3xi1>
    %262 = stablehlo.compare NE, %254, %254 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %263 = stablehlo.not %262 : tensor<4x2x3x3xi1>
    %264 = stablehlo.and %261, %263 : tensor<4x2x3x3xi1>
    %265 = stablehlo.compare EQ, %255, %255 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %266 = stablehlo.or %264, %265 : tensor<4x2x3x3xi1>
    %267 = stablehlo.select %266, %257, %254 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %268 = stablehlo.select %266, %259, %255 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %269 = stablehlo.slice %42 [0:4, 0:2, 0:5, 1:6] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %270 = stablehlo.slice %269 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %271 = stablehlo.constant dense<1> : tensor<i32>
    %272 = stablehlo.constant dense<1> : tensor<4x2x3x3xui8>
    %273 = stablehlo.compare LE, %270, %267 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %274 = stablehlo.not %273 : tensor<4x2x3x3xi1>
    %275 = stablehlo.compare NE, %267, %267 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %276 = stablehlo.not %275 : tensor<4x2x3x3xi1>
    %277 = stablehlo.and %274, %276 : tensor<4x2x3x3xi1>
    %278 = stablehlo.compare EQ, %268, %255 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %279 = stablehlo.or %277, %278 : tensor<4x2x3x3xi1>
    %280 = stablehlo.select %279, %270, %267 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %281 = stablehlo.select %279, %272, %268 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %282 = stablehlo.slice %42 [0:4, 0:2, 1:6, 0:5] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %283 = stablehlo.slice %282 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %284 = stablehlo.constant dense<2> : tensor<4x2x3x3xui8>
    %285 = stablehlo.compare LE, %283, %280 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %286 = stablehlo.not %285 : tensor<4x2x3x3xi1>
    %287 = stablehlo.compare NE, %280, %280 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %288 = stablehlo.not %287 : tensor<4x2x3x3xi1>
    %289 = stablehlo.and %286, %288 : tensor<4x2x3x3xi1>
    %290 = stablehlo.compare EQ, %281, %255 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %291 = stablehlo.or %289, %290 : tensor<4x2x3x3xi1>
    %292 = stablehlo.select %291, %283, %280 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %293 = stablehlo.select %291, %284, %281 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %294 = stablehlo.slice %42 [0:4, 0:2, 1:6, 1:6] : (tensor<4x2x6x6xf32>) -> tensor<4x2x5x5xf32>
    %295 = stablehlo.slice %294 [0:4, 0:2, 0:5:2, 0:5:2] : (tensor<4x2x5x5xf32>) -> tensor<4x2x3x3xf32>
    %296 = stablehlo.constant dense<3> : tensor<4x2x3x3xui8>
    %297 = stablehlo.compare LE, %295, %292 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %298 = stablehlo.not %297 : tensor<4x2x3x3xi1>
    %299 = stablehlo.compare NE, %292, %292 : (tensor<4x2x3x3xf32>, tensor<4x2x3x3xf32>) -> tensor<4x2x3x3xi1>
    %300 = stablehlo.not %299 : tensor<4x2x3x3xi1>
    %301 = stablehlo.and %298, %300 : tensor<4x2x3x3xi1>
    %302 = stablehlo.compare EQ, %293, %255 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %303 = stablehlo.or %301, %302 : tensor<4x2x3x3xi1>
    %304 = stablehlo.select %303, %295, %292 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %305 = stablehlo.select %303, %296, %293 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xui8>
    %306 = stablehlo.optimization_barrier %305 : tensor<4x2x3x3xui8>
    %307 = stablehlo.compare EQ, %306, %259 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %308 = stablehlo.constant dense<0.0e+00> : tensor<4x2x3x3xf32>
    %309 = stablehlo.select %307, %253, %308 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %310 = stablehlo.pad %309, %5, low = [0, 0, 0, 0], high = [0, 0, 1, 1], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %311 = stablehlo.compare EQ, %306, %272 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %312 = stablehlo.select %311, %253, %308 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %313 = stablehlo.pad %312, %5, low = [0, 0, 0, 1], high = [0, 0, 1, 0], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %314 = stablehlo.add %310, %313 : tensor<4x2x6x6xf32>
    %315 = stablehlo.compare EQ, %306, %284 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %316 = stablehlo.select %315, %253, %308 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %317 = stablehlo.pad %316, %5, low = [0, 0, 1, 0], high = [0, 0, 0, 1], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %318 = stablehlo.add %314, %317 : tensor<4x2x6x6xf32>
    %319 = stablehlo.compare EQ, %306, %296 : (tensor<4x2x3x3xui8>, tensor<4x2x3x3xui8>) -> tensor<4x2x3x3xi1>
    %320 = stablehlo.select %319, %253, %308 : tensor<4x2x3x3xi1>, tensor<4x2x3x3xf32>
    %321 = stablehlo.pad %320, %5, low = [0, 0, 1, 1], high = [0, 0, 0, 0], interior = [0, 0, 1, 1] : (tensor<4x2x3x3xf32>, tensor<f32>) -> tensor<4x2x6x6xf32>
    %322 = stablehlo.add %318, %321 : tensor<4x2x6x6xf32>
    %323 = stablehlo.convert %322 : (tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xbf16>
    %324 = stablehlo.convert %323 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %325 = stablehlo.compare GT, %42, %39 : (tensor<4x2x6x6xf32>, tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xi1>
    %326 = stablehlo.select %325, %324, %39 : tensor<4x2x6x6xi1>, tensor<4x2x6x6xf32>
    %327 = stablehlo.convert %326 : (tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xbf16>
    %328 = stablehlo.convert %327 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %329 = stablehlo.slice %22 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %330 = stablehlo.reshape %329 : (tensor<1x2xf32>) -> tensor<2xf32>
    %331 = stablehlo.broadcast_in_dim %330, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %332 = stablehlo.subtract %4, %331 : tensor<4x2x6x6xf32>
    %333 = stablehlo.multiply %328, %332 : tensor<4x2x6x6xf32>
    %334 = "stablehlo.reduce"(%333, %5) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%335: tensor<f32>, %336: tensor<f32>):
      %337 = stablehlo.add %335, %336 : tensor<f32>
      stablehlo.return %337 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %338 = stablehlo.slice %22 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %339 = stablehlo.reshape %338 : (tensor<1x2xf32>) -> tensor<2xf32>
    %340 = stablehlo.add %339, %25 : tensor<2xf32>
    %341 = stablehlo.sqrt %340 : tensor<2xf32>
    %342 = stablehlo.divide %334, %341 : tensor<2xf32>
    %343 = "stablehlo.reduce"(%328, %5) <{dimensions = array<i64: 0, 2, 3>}> ({
    ^bb0(%344: tensor<f32>, %345: tensor<f32>):
      %346 = stablehlo.add %344, %345 : tensor<f32>
      stablehlo.return %346 : tensor<f32>
    }) : (tensor<4x2x6x6xf32>, tensor<f32>) -> (tensor<2xf32>)
    %347 = stablehlo.reshape %342 : (tensor<2xf32>) -> tensor<1x2xf32>
    %348 = stablehlo.reshape %343 : (tensor<2xf32>) -> tensor<1x2xf32>
    %349 = stablehlo.concatenate %347, %348, dim = 0 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
    %350 = stablehlo.slice %22 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %351 = stablehlo.reshape %350 : (tensor<1x2xf32>) -> tensor<2xf32>
    %352 = stablehlo.add %351, %25 : tensor<2xf32>
    %353 = stablehlo.sqrt %352 : tensor<2xf32>
    %354 = stablehlo.divide %arg4, %353 : tensor<2xf32>
    %355 = stablehlo.broadcast_in_dim %354, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %356 = stablehlo.slice %22 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %357 = stablehlo.reshape %356 : (tensor<1x2xf32>) -> tensor<2xf32>
    %358 = stablehlo.broadcast_in_dim %357, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %359 = stablehlo.subtract %4, %358 : tensor<4x2x6x6xf32>
    %360 = stablehlo.slice %349 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %361 = stablehlo.reshape %360 : (tensor<1x2xf32>) -> tensor<2xf32>
    %362 = stablehlo.divide %361, %10 : tensor<2xf32>
    %363 = stablehlo.divide %362, %353 : tensor<2xf32>
    %364 = stablehlo.broadcast_in_dim %363, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %365 = stablehlo.slice %349 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %366 = stablehlo.reshape %365 : (tensor<1x2xf32>) -> tensor<2xf32>
    %367 = stablehlo.divide %366, %10 : tensor<2xf32>
    %368 = stablehlo.broadcast_in_dim %367, dims = [1] : (tensor<2xf32>) -> tensor<4x2x6x6xf32>
    %369 = stablehlo.subtract %328, %368 : tensor<4x2x6x6xf32>
    %370 = stablehlo.multiply %359, %364 : tensor<4x2x6x6xf32>
    %371 = stablehlo.subtract %369, %370 : tensor<4x2x6x6xf32>
    %372 = stablehlo.multiply %355, %371 : tensor<4x2x6x6xf32>
    %373 = stablehlo.convert %372 : (tensor<4x2x6x6xf32>) -> tensor<4x2x6x6xbf16>
    %374 = stablehlo.slice %349 [0:1, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %375 = stablehlo.reshape %374 : (tensor<1x2xf32>) -> tensor<2xf32>
    %376 = stablehlo.slice %349 [1:2, 0:2] : (tensor<2x2xf32>) -> tensor<1x2xf32>
    %377 = stablehlo.reshape %376 : (tensor<1x2xf32>) -> tensor<2xf32>
    %378 = stablehlo.convert %373 : (tensor<4x2x6x6xbf16>) -> tensor<4x2x6x6xf32>
    %379 = stablehlo.convolution(%0, %373) dim_numbers = [f, b, 0, 1]x[i, o, 0, 1]->[f, b, 0, 1], window = {stride = [1, 1], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<4x1x8x8xbf16>, tensor<4x2x6x6xbf16>) -> tensor<2x1x3x3xbf16>
    %380 = stablehlo.convert %379 : (tensor<2x1x3x3xbf16>) -> tensor<2x1x3x3xf32>
    %381 = stablehlo.constant dense<1.0e-01> : tensor<f32>
    %382 = stablehlo.broadcast_in_dim %381, dims = [] : (tensor<f32>) -> tensor<2x1x3x3xf32>
    %383 = stablehlo.multiply %380, %382 : tensor<2x1x3x3xf32>
    %384 = stablehlo.subtract %arg3, %383 : tensor<2x1x3x3xf32>
    %385 = stablehlo.broadcast_in_dim %381, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %386 = stablehlo.multiply %375, %385 : tensor<2xf32>
    %387 = stablehlo.subtract %arg4, %386 : tensor<2xf32>
    %388 = stablehlo.broadcast_in_dim %381, dims = [] : (tensor<f32>) -> tensor<2xf32>
    %389 = stablehlo.multiply %377, %388 : tensor<2xf32>
    %390 = stablehlo.subtract %arg5, %389 : tensor<2xf32>
    %391 = stablehlo.broadcast_in_dim %381, dims = [] : (tensor<f32>) -> tensor<3x18xf32>
    %392 = stablehlo.multiply %199, %391 : tensor<3x18xf32>
    %393 = stablehlo.subtract %arg6, %392 : tensor<3x18xf32>
    return %162, %384, %387, %390, %393 : tensor<f32>, tensor<2x1x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3x18xf32>
  }
}
